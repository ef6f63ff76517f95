"""A network that no bundle's file could hold is refused by its description alone."""

import pytest

from model.config import PRESETS, ModelConfig
from model.size import check_sizes


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_fits(name):
    check_sizes(PRESETS[name][0], {})


@pytest.mark.parametrize(("model", "words"), [
    ({"widths": (256, 512, 768, 896)}, "million weights"),  # four times those of the model that ships
    ({"latent_dim": 10**9}, "million weights"),
    ({"bottleneck_width": 10**6}, "million weights"),
    ({"head_width": 10**5}, "million weights"),
    ({"detail_width": 10**6}, "million weights"),
    ({"head_depth": 10**7}, "10000006 blocks"),
    ({"encoder_depths": (1, 1, 1, 10**7)}, "10000003 blocks"),
    ({"widths": (10**6,), "depths": (0,)}, "million weights"),
    ({"widths": (8, 8), "depths": (1, 10**7)}, "10000003 blocks"),
    ({"image_size": 2**16}, "pictures of 65536 pixels"),
    ({"architecture": "seed", "widths": (1,) * 11, "image_size": 2**11}, "2048 pixels"),
    ({"architecture": "seed", "widths": (10**4,) * 5, "latent_dim": 1}, "million weights"),
    ({"widths": (1,) * 12, "depths": (1,) * 12, "stem_stride": 1, "image_size": 2**11}, "pixels"),
])
def test_a_huge_model_is_refused(model, words):
    with pytest.raises(ValueError, match=words):
        check_sizes(ModelConfig().replace(**model), {})


@pytest.mark.parametrize(("classifier", "words"), [
    ({"image_size": 10**5}, "pictures of 100000 pixels"),
    ({"widths": [8] * 11, "depths": [0] * 11}, "11 levels"),
    ({"widths": [10**4, 10**4], "depths": [0, 0]}, "million weights"),
    ({"widths": [8], "depths": [10**6]}, "1000000 blocks"),
    ({"attributes": 10**9}, "1000 at most"),
    ({"attributes": 1000, "widths": [1, 10**5], "depths": [0, 0]}, "101 million weights"),
    ({"widths": [8, 8], "depths": [10**6, -(10**6)]}, "levels of -1000000 blocks"),
])
def test_a_huge_classifier_is_refused(classifier, words):
    with pytest.raises(ValueError, match=words):
        check_sizes(ModelConfig(), classifier)
