"""Every word that the page says: plain names of the attributes, presets, hints and messages."""

TITLE = "Facet"
TAGLINE = "Open a photo, drag a slider, and see that face change."
FOOTER = ("Model trained on CelebA: for non-commercial use, and as biased as its labels. "
          "Edit faces only with their owners' consent.")

# Part of the face -> CelebA attribute -> the name that the page gives it.
GROUPS = {
    "Mouth": {
        "Smiling": "Smile", "Mouth_Slightly_Open": "Open mouth", "Big_Lips": "Full lips",
        "Wearing_Lipstick": "Lipstick",
    },
    "Eyes and brows": {
        "Eyeglasses": "Glasses", "Narrow_Eyes": "Narrow eyes", "Bags_Under_Eyes": "Bags under the eyes",
        "Arched_Eyebrows": "Arched brows", "Bushy_Eyebrows": "Bushy brows",
    },
    "Age, sex and looks": {
        "Young": "Young", "Male": "Masculine", "Attractive": "Attractive",
    },
    "Hair": {
        "Blond_Hair": "Blond hair", "Brown_Hair": "Brown hair", "Black_Hair": "Black hair", "Gray_Hair": "Grey hair",
        "Bangs": "Fringe", "Wavy_Hair": "Wavy hair", "Straight_Hair": "Straight hair",
        "Receding_Hairline": "Receding hairline", "Bald": "Bald",
    },
    "Beard": {
        "No_Beard": "Clean-shaven", "5_o_Clock_Shadow": "Stubble", "Goatee": "Goatee", "Mustache": "Moustache",
        "Sideburns": "Sideburns",
    },
    "Nose and shape of the face": {
        "Big_Nose": "Big nose", "Pointy_Nose": "Pointed nose", "Oval_Face": "Oval face",
        "High_Cheekbones": "High cheekbones", "Chubby": "Round cheeks", "Double_Chin": "Double chin",
    },
    "Skin and make-up": {
        "Heavy_Makeup": "Make-up", "Rosy_Cheeks": "Rosy cheeks", "Pale_Skin": "Pale skin",
    },
    "Worn, and the photo": {
        "Wearing_Hat": "Hat", "Wearing_Earrings": "Earrings", "Wearing_Necklace": "Necklace",
        "Wearing_Necktie": "Necktie", "Blurry": "Blurred photo",
    },
}  # fmt: skip
OPEN_GROUPS = ("Mouth", "Age, sex and looks")

# What people want in one click: name -> slider units.
PRESETS = {
    "Smile": {"Smiling": 1.25, "High_Cheekbones": 0.5},
    "Serious": {"Smiling": -1.25, "Mouth_Slightly_Open": -0.75},
    "Younger": {"Young": 0.6},
    "Older": {"Young": -1.0, "Gray_Hair": 0.5},
    "Blonde": {"Blond_Hair": 0.7},
    "Dark hair": {"Black_Hair": 1.0},
    "Glasses": {"Eyeglasses": 1.5},
    "Make-up": {"Heavy_Makeup": 0.9},
    "Beard": {"No_Beard": -1.25},
}

LABELS = {name: label for group in GROUPS.values() for name, label in group.items()}

SLIDER_INFO = ("CelebA attribute {name}: +1 gives it to faces without it, \N{MINUS SIGN}1 takes it from faces that "
               "have it.")
UNRELIABLE = " (weak)"
UNRELIABLE_INFO = " The model saw too few labelled faces for this one; expect little of it."
DETAIL_LABEL = "Photo detail"
DETAIL_INFO = "1 keeps the photo's own pixels; 0 shows what the model itself believes."

UPLOAD_LABEL = "Your photo"
UPLOAD_HINT = "Drop a photo\nor click to choose one"
SAMPLES_HINT = "No photo at hand? Start from a face that the model drew:"
RANDOM = "Draw a random face"
FACES_HINT = "{count} faces found. Choose the one to edit; edits of the others stay."
METER_HINT = ("Drag a slider, or use the arrow keys. The bar beneath it is the model's own reading of the face as it "
              "is now. A closed lock holds a feature while the others move.")

NO_UPLOAD = "Open a photo first, or pick one of the drawn faces."
GONE = "This photo is no longer on the server. Please open it again."
UNEXPECTED = "Something went wrong on the server. Please try again; if it happens again, reload the page."
NOTHING_TO_ANIMATE = "Move a slider or choose a preset first; the animation grows that edit."
LINK_WAITS = "This link carries an edit of a photo. Open a photo and it is applied; here it is on a drawn face."
ADDRESS_REFUSED = "Facet fetches nothing from other addresses; upload the photo itself."


def label_of(name: str) -> str:
    """The page's name of an attribute; an unknown one without its underscores."""
    return LABELS.get(name, name.replace("_", " "))


def preview_alt(strengths: dict[str, float]) -> str:
    """What a screen reader says of the preview."""
    if not strengths:
        return "The face, unedited"
    return "The face with " + ", ".join(f"{label_of(name)} {value:+.2g}" for name, value in strengths.items())


# The compare bar; page.js moves it. The button and the key need no fine hand, the slider no key.
COMPARE = """
<div class="compare">
  <label class="compare-slider"><span>Before</span>
    <input type="range" id="facet-split" min="0" max="100" value="0" aria-label="Share of the picture before the edit">
  </label>
  <button type="button" id="facet-toggle" aria-pressed="false"
    title="Show the face before the edit. Holding B does the same, and so does pressing the picture.">Before</button>
</div>
"""

GALLERY_HINT = "Nobody has these faces. Click one to edit it."
MORPH_HINT = ("Choose the faces: photos, or ones that the model drew; up to four in a row. Then press Morph and drag "
              "through it.")
MORPH_DETAIL = "1 keeps the photos' own pixels; 0 shows what the model itself believes."
