"""Every word that the page says: plain names of the attributes, presets, hints and messages."""

TITLE = "Facet"
TAGLINE = "Open a photo, drag a slider, and see that face change."
FOOTER = ("Edit faces of people who agree to it. The model learned from CelebA: it is for non-commercial use, and as "
          "biased as that collection's labels.")

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

# What people want in one click: name -> slider units, whole steps of the sliders. Chosen by eye on portraits.
PRESETS = {
    "Smile": {"Smiling": 1.0},
    "Serious": {"Smiling": -0.75},
    "Younger": {"Young": 0.6},
    "Older": {"Young": -1.0, "Gray_Hair": 0.5},
    "Blonde": {"Blond_Hair": 0.7},
    "Dark hair": {"Black_Hair": 1.0},
    "Dark glasses": {"Eyeglasses": 1.75},
    "Make-up": {"Heavy_Makeup": 0.9},
    "Beard": {"No_Beard": -1.25},
}
PRESETS_LABEL = "Changes in one click"

LABELS = {name: label for group in GROUPS.values() for name, label in group.items()}

SLIDER_INFO = ("+1 gives it to a face without it, \N{MINUS SIGN}1 takes it from a face that has it. Recipes call it "
               "{name}.")
UNRELIABLE = " (weak)"
UNRELIABLE_INFO = " The model saw too few examples of this one; expect little of it."
DETAIL_LABEL = "Photo detail"
DETAIL_INFO = "1 keeps the photo's own pixels; 0 shows what the model itself believes."
PANEL_HINT = ("Choose a change, or drag the sliders. The thin line under a slider shows how much of it the model sees "
              "in the face; a closed lock holds a feature while the others move.")

UPLOAD_LABEL = "Your photo"
UPLOAD_HINT = "Drop or choose a photo"
SAMPLES_HINT = "Or start from a drawn face:"
RANDOM = "Random face"
FACES_HINT = "{count} faces. Choose one; edits of the others stay."

NO_UPLOAD = "Open a photo first, or pick one of the drawn faces."
GONE = "This photo is no longer on the server. Please open it again."
UNEXPECTED = "Something went wrong on the server. Please try again; if it happens again, reload the page."
NOTHING_TO_ANIMATE = "Move a slider or choose a preset first; the animation grows that edit."
NO_PHOTO_FOR_SEVERAL = "These recipes are for several faces of one photo. Open that photo, then apply them."
OTHER_MODEL = "This recipe was made with another model, so the result differs."
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
  <label class="compare-slider"><span>Compare</span>
    <input type="range" class="facet-rail" id="facet-split" min="0" max="100" value="0"
      aria-label="Share of the picture before the edit">
  </label>
  <button type="button" id="facet-toggle" aria-pressed="false"
    title="Holding B shows the face before the edit too, and so does pressing the picture.">Show before</button>
</div>
"""

NOTHING_YET = "Nothing is changed yet. Once you change something, this says what came of it."
NOTHING_ELSE = "Nothing else changed noticeably."
RECEIPT_HINT = "Points of 100: how much surer a classifier is that it sees this, after the edit."
SUMMARY_HINT = "Show the receipt of this edit"
DOWNLOAD, PREPARING = "Download", "Preparing the file \N{HORIZONTAL ELLIPSIS}"
WHOLE = "Whole photo"
WHOLE_ALT = "The whole photo with its edits"
CLOSE = "Close"
KIND_LABEL = "File format"

RECIPE_TITLE = "Recipe: keep or share this edit"
RECIPE_HINT = ("This text is the edit. Copy it, or paste another one and apply it. A link opens the page with the edit "
               "in it.")
RECIPE_LABEL = "The edit as text"
APPLY, COPY_LINK, COPIED = "Apply this recipe", "Copy a link", "Copied"

ANIMATE_TITLE = "Animate this edit"
ANIMATION_PLACE = "The animation appears here."
MORPH_PLACE = "The morph appears here. Press Morph; then drag through it, or take the file."

GALLERY_HINT = "These people do not exist. Choose one to edit it."
DRAW = "Draw new faces"
SEED_INFO = "The same number draws the same faces."
VARIETY = "Variety"
VARIETY_INFO = "0 is the average face, 1 faces as people are, 2 strange ones. Recipes call it temperature."
MORPH_HINT = "Choose two to four faces, photos or drawn ones. Each turns into the next."
MORPH_DETAIL = "1 keeps the photos' own pixels; 0 shows what the model itself believes."
