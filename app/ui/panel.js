// The sliders' panel, run by gr.HTML with `element`, `props`, `trigger` and `watch`. Its value is
// {set: {attribute: strength}, keep: [attribute], detail: number}; what a person does changes it, and so does the server.
const whole = element.ownerDocument.createElement("div");
whole.innerHTML = props.markup;
element.replaceChildren(whole);

const sliders = [...whole.querySelectorAll(".facet-slider")].map(box => ({
    name: box.dataset.attribute,  // none: the slider of photo against model
    range: box.querySelector("input[type=range]"),
    number: box.querySelector("input[type=number]"),
}));
const locks = [...whole.querySelectorAll(".facet-lock input")];
const detail = sliders.find(slider => !slider.name);

const fill = ({range}) => range.style.setProperty("--place", (range.value - range.min) / (range.max - range.min));
const place = (slider, value) => {
    slider.range.value = slider.number.value = value;
    fill(slider);
};
const write = () => {
    const value = props.value;
    for (const slider of sliders) place(slider, slider.name ? value.set[slider.name] ?? 0 : value.detail);
    for (const lock of locks) lock.checked = value.keep.includes(lock.dataset.attribute);
};
const tell = () => {
    const moved = sliders.filter(slider => slider.name && Number(slider.range.value) !== 0);
    props.value = {
        set: Object.fromEntries(moved.map(slider => [slider.name, Number(slider.range.value)])),
        keep: locks.filter(lock => lock.checked).map(lock => lock.dataset.attribute),
        detail: Number(detail.range.value),
    };
    trigger("input");
};

whole.addEventListener("input", ({target}) => {
    const slider = sliders.find(({range, number}) => range === target || number === target);
    if (slider?.number === target) {
        if (!Number.isFinite(target.valueAsNumber)) return;  // half typed
        slider.range.value = target.value;  // which stays within its ends
    } else if (slider) slider.number.value = target.value;
    if (slider) fill(slider);
    tell();
});
// A number that was left empty or out of range becomes what its slider says.
whole.addEventListener("change", event => {
    const slider = sliders.find(slider => slider.number === event.target);
    if (slider) slider.number.value = slider.range.value;
});
whole.addEventListener("click", event => {
    const reset = event.target.closest(".facet-reset-one");
    if (!reset) return;
    place(sliders.find(slider => slider.name === reset.dataset.attribute), 0);
    tell();
});
watch("value", write);
write();
