"""What a push to a Hugging Face Space would send, and whether the Hub takes it: `make space`. It pushes nothing.

A Space is a git repository, so a push sends every file of the commit and everything that its history ever held.
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml

from model.folder import CONFIG, FILES

ROOT = Path(__file__).parent.parent
MAX_FILE_BYTES = 10 * 1000 * 1000  # above it the Hub refuses a plain git push, in any commit of the history
MAX_SPACE_BYTES = 1000 * 1000 * 1000  # what a Space's repository may hold
MAX_DESCRIPTION = 60  # characters of short_description
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".mp4")
PICTURE_FOLDERS = ("assets/", "checkpoints/")  # drawn by the model
BUNDLE = "checkpoints/default"
NEEDED = ("Dockerfile", "README.md", "requirements.lock", *(f"{BUNDLE}/{name}" for name in (*FILES, CONFIG)))


def main() -> int:
    """Print the list and the checks; exit status 1 if a check fails."""
    files = committed_files(ROOT)
    for name, size in sorted(files.items()):
        print(f"{size:>12,}  {name}")
    readme, dockerfile = (git(ROOT, "show", f"HEAD:{name}") if name in files else ""
                          for name in ("README.md", "Dockerfile"))
    problems = [*check_files(files), *check_history(ROOT), *check_front_matter(readme, dockerfile),
                *check_dockerfile(dockerfile, files)]
    print(f"\n{len(files)} files, {sum(files.values()) / 1e6:.1f} MB; the largest is "
          f"{max(files, key=files.get)} with {max(files.values()) / 1e6:.1f} MB")
    if git(ROOT, "status", "--porcelain"):
        print("note: changes that are not committed would not be pushed")
    for problem in problems:
        print(f"NO: {problem}", file=sys.stderr)
    print("It would not work as a Space." if problems else
          "Everything fits: sizes, history, pictures, front matter and Dockerfile. To push it:\n"
          "  git push https://huggingface.co/spaces/OWNER/NAME HEAD:main")
    return 1 if problems else 0


def git(root: Path, *arguments: str, text: str | None = None) -> str:
    """The output of a git command."""
    return subprocess.run(["git", *arguments], cwd=root, input=text, capture_output=True, text=True, check=True).stdout


def committed_files(root: Path) -> dict[str, int]:
    """Path -> bytes of every file in the last commit."""
    lines = git(root, "ls-tree", "-r", "-l", "-z", "HEAD").split("\0")
    entries = [line.split("\t", 1) for line in lines if line]
    return {name: int(head.split()[3]) for head, name in entries if head.split()[3] != "-"}


def check_files(files: dict[str, int]) -> list[str]:
    """Sizes, pictures and what must be there."""
    problems = [f"{name} has {size / 1e6:.1f} MB; the Hub takes {MAX_FILE_BYTES / 1e6:.0f} MB a file"
                for name, size in files.items() if size > MAX_FILE_BYTES]
    if sum(files.values()) > MAX_SPACE_BYTES:
        problems.append(f"all files together have {sum(files.values()) / 1e6:.0f} MB, more than a Space holds")
    problems += [f"{name} is a picture outside {' and '.join(PICTURE_FOLDERS)}; no photo may be published"
                 for name in files if name.lower().endswith(PICTURES) and not name.startswith(PICTURE_FOLDERS)]
    return problems + [f"{name} is not committed" for name in NEEDED if name not in files]


def check_history(root: Path) -> list[str]:
    """Every object that a push sends, files deleted long ago included."""
    objects = git(root, "rev-list", "--objects", "HEAD")
    names = dict(line.split(" ", 1) for line in objects.splitlines() if " " in line)
    sizes = git(root, "cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)",
                text="".join(f"{line.split()[0]}\n" for line in objects.splitlines()))
    rows = [line.split() for line in sizes.splitlines()]
    return [f"the history holds {names.get(key, key)} with {int(size) / 1e6:.1f} MB; the Hub would refuse the push"
            for key, kind, size in rows if kind == "blob" and int(size) > MAX_FILE_BYTES]


def check_front_matter(readme: str, dockerfile: str) -> list[str]:
    """The YAML at the top of README.md, which makes a repository a Space."""
    match = re.match(r"---\n(.*?)\n---\n", readme, re.DOTALL)
    if not match:
        return ["README.md does not begin with a front matter between two lines ---"]
    try:
        fields = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        return [f"the front matter of README.md is not YAML: {error}"]
    if not isinstance(fields, dict):
        return ["the front matter of README.md holds no fields"]
    exposed = re.search(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE)
    checks = {
        "title must be given": bool(fields.get("title")),
        "sdk must be docker": fields.get("sdk") == "docker",
        "app_port must be the port that the Dockerfile exposes":
            exposed is not None and fields.get("app_port") == int(exposed[1]),
        f"short_description must have 1 to {MAX_DESCRIPTION} characters":
            0 < len(str(fields.get("short_description") or "")) <= MAX_DESCRIPTION,
        f"colorFrom and colorTo must be among {', '.join(sorted(COLOURS))}":
            {fields.get("colorFrom"), fields.get("colorTo")} <= COLOURS,
        "license must be given": bool(fields.get("license")),
    }
    return [f"front matter of README.md: {text}" for text, holds in checks.items() if not holds]


def check_dockerfile(dockerfile: str, files: dict[str, int]) -> list[str]:
    """Its user, and that what it copies is there; `hadolint Dockerfile` looks at the rest."""
    sources = re.findall(r"^COPY (?:--chown=\S+ )?(?!--)(\S+)", dockerfile, re.MULTILINE)
    problems = [f"the Dockerfile copies {source}, which is not committed" for source in sources
                if not any(name == source or name.startswith(f"{source}/") for name in files)]
    if re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)[-1:] != ["1000"]:
        problems.append("the Dockerfile must end as USER 1000, as which a Space runs it")
    return problems


if __name__ == "__main__":
    sys.exit(main())
