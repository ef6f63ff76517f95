"""The measures as text: one line for each measure, one for each attribute."""

from collections.abc import Mapping

# Name, description and form of each measure, in the order in which they are printed; one that this model or these faces
# do not have is left out.
ROWS = (
    ("psnr_64", "PSNR at 64 px, full-size faces", "{:.2f} dB"),
    ("ssim_64", "SSIM at 64 px, full-size faces", "{:.3f}"),
    ("sharpness_64", "sharpness against the photo, 64 px", "{:.3f}"),
    ("sharpness_128", "sharpness against the photo, 128 px", "{:.3f}"),
    ("high_band_64", "high band of the spectrum against the photo, 64 px", "{:.3f}"),
    ("high_band_128", "high band of the spectrum against the photo, 128 px", "{:.3f}"),
    ("lattice", "detail that repeats from place to place and face to face, against the photo", "{:.2f}"),
    ("attribute_agreement", "attribute agreement of the reconstruction", "{:.4f}"),
    ("frechet_reconstruction", "Fréchet distance, reconstructions", "{:.3f}"),
    ("frechet_fitted", "Fréchet distance, samples of the fitted prior", "{:.3f}"),
    ("frechet_normal", "Fréchet distance, samples of N(0, I)", "{:.3f}"),
    ("frechet_training", "Fréchet distance, reconstructions of training faces: the least for a prior", "{:.3f}"),
    ("frechet_photos", "Fréchet distance, one half of the photos to the other", "{:.3f}"),
    ("edit_success", "edit success at ±2, nothing kept", "{:.3f}"),
    ("edit_others_flipped", "... others flipped", "{:.4f}"),
    ("edit_success_kept", "edit success at ±2, all others kept", "{:.3f}"),
    ("edit_others_flipped_kept", "... others flipped", "{:.4f}"),
    ("psnr_64_train", "PSNR at 64 px on training faces", "{:.2f} dB"),
    ("psnr_64_gap", "... minus that on these faces", "{:+.2f} dB"),
    ("separation_blurred", "codes of full-size faces and of other ones blurred told apart (AUC)", "{:.3f}"),
    ("separation", "full-size and half-size codes told apart (AUC; 0.5 is not at all)", "{:.3f}"),
    ("kl", "KL divergence", "{:.1f} nats"),
    ("active_dimensions", "active latent dimensions", "{:d}"),
    ("decode_ms", "one face decoded", "{:.1f} ms"),
    ("classifier_accuracy", "classifier: accuracy", "{:.4f}"),
    ("classifier_balanced_accuracy", "classifier: balanced accuracy", "{:.4f}"),
    ("classifier_auc", "classifier: area under the ROC curve", "{:.4f}"),
)
# Name and heading of what is said of each attribute.
COLUMNS = (
    ("classifier_accuracy", "accuracy"),
    ("classifier_balanced_accuracy", "balanced"),
    ("classifier_auc", "AUC"),
    ("edit_success", "edited"),
    ("edit_others_flipped", "others"),
    ("edit_success_kept", "locked"),
    ("edit_others_flipped_kept", "others"),
)
# What benchmarks/ablation.py shows of each variant.
ABLATION = ("psnr_64", "ssim_64", "sharpness_64", "sharpness_128", "high_band_128", "lattice", "attribute_agreement",
            "frechet_reconstruction", "frechet_normal", "edit_success", "edit_others_flipped", "separation_blurred",
            "kl")  # fmt: skip
EXPLANATION = """\
accuracy, balanced, AUC: of the classifier on the photos. edited: success of edits at ±2 with nothing kept, and the
share of other attributes' decisions that flip; locked: the same with all others kept. -: marked as unreliable."""


def measures_table(result: Mapping) -> str:
    """What `evaluate` returns, as aligned text."""
    shown = [(label, form.format(result[name])) for name, label, form in ROWS if name in result]
    width = max(len(label) for label, _ in shown)
    lines = [f"{label:<{width}}  {value}" for label, value in shown]
    tables = result["by_attribute"]
    names = list(dict.fromkeys(name for key, _ in COLUMNS for name in tables.get(key, ())))
    if names:
        lines += ["", f"{'attribute':<20}" + "".join(f"{heading:>10}" for _, heading in COLUMNS)]
        for name in names:
            cells = (tables.get(key, {}).get(name) for key, _ in COLUMNS)
            lines.append(f"{name:<20}" + "".join(f"{'-' if cell is None else f'{cell:.3f}':>10}" for cell in cells))
        lines.append(EXPLANATION)
    return "\n".join(lines)


def ablation_table(by_variant: Mapping[str, Mapping]) -> str:
    """Measures by variant as a Markdown table: a row a variant, a column a measure."""
    forms = {key: (label, form) for key, label, form in ROWS}
    shown = [key for key in ABLATION if any(key in found for found in by_variant.values())]
    lines = ["| | " + " | ".join(forms[key][0] for key in shown) + " |", "|---" * (len(shown) + 1) + "|"]
    for name, found in by_variant.items():
        cells = [forms[key][1].format(found[key]) if key in found else "" for key in shown]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
