"""What Gradio copies for every visitor of the page stays small."""

import copy

from app.ui.demo import build_demo


def test_the_configuration_does_not_carry_the_model(editor, monkeypatch):
    """Gradio deep-copies it for each page that is opened; a bound method in it once took all networks along."""
    def refuse(self, memo):
        raise AssertionError("the page's configuration leads to the editor")

    monkeypatch.setattr(type(editor), "__deepcopy__", refuse, raising=False)
    config = build_demo(editor).get_config_file()
    copy.deepcopy(config)
    assert len(config["components"]) > 40
