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
const named = name => sliders.find(slider => slider.name === name);
const moved = slider => slider.name && Number(slider.range.value) !== 0;
const presets = [...whole.querySelectorAll(".facet-preset")].map(button => ({button, set: JSON.parse(button.dataset.set)}));
const groups = [...whole.querySelectorAll("details.facet-group")];

const place = (slider, value) => { slider.range.value = slider.number.value = value; };
// What follows from the sliders: their filled part, whether there is anything to reset, which presets are on, and how
// many sliders and locks of a group are set, so that a closed group tells.
const mark = () => {
    for (const slider of sliders) {
        const {range} = slider;
        range.style.setProperty("--place", (range.value - range.min) / (range.max - range.min));
        range.closest(".facet-row")?.classList.toggle("moved", moved(slider));
    }
    for (const {button, set} of presets) {
        const on = Object.entries(set).every(([name, strength]) => Number(named(name).range.value) === strength);
        button.setAttribute("aria-pressed", String(on));
    }
    for (const group of groups) {
        const count = group.querySelectorAll(".facet-row:is(.moved, :has(:checked))").length;
        group.querySelector(".facet-count").textContent = count ? `${count} set` : "";
    }
};
const write = () => {
    const value = props.value;
    for (const slider of sliders) place(slider, slider.name ? value.set[slider.name] ?? 0 : value.detail);
    for (const lock of locks) lock.checked = value.keep.includes(lock.dataset.attribute);
    mark();
};
const tell = () => {
    mark();
    props.value = {
        set: Object.fromEntries(sliders.filter(moved).map(slider => [slider.name, Number(slider.range.value)])),
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
    tell();
});
// A finger that scrolls the page may start on a slider, which jumps to it at once: when the browser takes the touch for
// scrolling, the slider goes back.
let held;
whole.addEventListener("pointerdown", ({target}) => {
    const slider = sliders.find(({range}) => range === target);
    held = slider && {slider, value: slider.range.value};
});
whole.addEventListener("pointercancel", ({target}) => {
    if (held?.slider.range !== target || target.value === held.value) return;
    place(held.slider, held.value);
    tell();
});
// A number that was left empty or out of range becomes what its slider says.
whole.addEventListener("change", event => {
    const slider = sliders.find(slider => slider.number === event.target);
    if (slider) slider.number.value = slider.range.value;
});
whole.addEventListener("click", ({target}) => {
    const reset = target.closest(".facet-reset-one"), preset = presets.find(({button}) => button === target);
    if (reset) {
        place(named(reset.dataset.attribute), 0);
        named(reset.dataset.attribute).range.focus();  // the button goes away
        tell();
    }
    if (preset) trigger("click", {value: preset.button.textContent});  // a step of its own, which the server takes
});
watch("value", write);
write();
