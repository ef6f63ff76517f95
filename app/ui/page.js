// What needs no server: comparing with the face before, the rest of a drag, the address bar, keys, and the players.
const facet = (() => {
    const REST_MS = 450;  // a drag rests when nothing moved for this long
    const RECIPE_KEYS = ["bundle", "set", "keep", "detail", "seed", "temperature", "face"];
    const byId = id => document.getElementById(id);
    const button = id => { const found = byId(id); return found && (found.matches("button, a") ? found : found.querySelector("button, a")); };

    const move = (range, value) => {
        range.value = value;
        range.style.setProperty("--place", (range.value - range.min) / (range.max - range.min || 1));
    };

    // Before and after: one number, the share of the stage that shows the face before the edit.
    const split = percent => {
        byId("facet-stage")?.style.setProperty("--split", `${percent}%`);
        byId("facet-stage")?.classList.toggle("split", percent > 0 && percent < 100);
        if (byId("facet-split")) move(byId("facet-split"), percent);
        byId("facet-toggle")?.setAttribute("aria-pressed", String(Number(percent) === 100));
    };
    let beforeHold = null;
    const hold = () => { if (beforeHold === null) { beforeHold = byId("facet-split")?.value ?? 0; split(100); } };
    const release = () => { if (beforeHold !== null) { split(beforeHold); beforeHold = null; } };

    // The address bar carries the recipe, beside whatever else is in it.
    const setAddress = query => {
        const others = new URLSearchParams(location.search);
        RECIPE_KEYS.forEach(key => others.delete(key));
        const all = [others.toString(), query].filter(Boolean).join("&");
        const address = location.pathname + (all ? `?${all}` : "") + location.hash;
        if (address !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", address);
    };

    let resting = 0, last = "|";
    const watchStage = () => {
        const shown = document.querySelector("#facet-after [data-query]")?.dataset;
        if (!shown || `${shown.query}|${shown.face}` === last) return;
        last = `${shown.query}|${shown.face}`;
        clearTimeout(resting);
        byId("facet-receipt")?.setAttribute("aria-live", "polite");  // what comes of an edit is read out
        resting = setTimeout(() => { setAddress(shown.query); button("facet-rest")?.click(); }, REST_MS);
    };

    // Players: every one in the page, moved by one clock.
    const show = (player, index) => {
        const frames = player.querySelectorAll(".frames img");
        frames.forEach((frame, i) => { frame.style.display = i === index ? "block" : "none"; });
        move(player.querySelector(".scrub"), index);
    };
    // Which frame is shown until when, in seconds from the start: as app/photo/animation.py times the file.
    const schedule = player => {
        const {fps, hold, boomerang} = player.dataset, last = player.querySelectorAll(".frames img").length - 1;
        const order = [...Array(last + 1).keys()];
        if (boomerang === "true") order.push(...order.slice(1, -1).reverse());
        let until = 0;
        return order.map(index => ({index, until: until += 1 / fps + (index % last ? 0 : Number(hold))}));
    };
    const play = (player, on) => {
        const place = Number(player.querySelector(".scrub").value);
        player.playing = on;
        player.querySelector(".play").textContent = on ? "Pause" : "Play";
        player.schedule = schedule(player);
        player.started = performance.now() - 1000 * (place ? player.schedule[place - 1].until : 0);
    };
    const clock = now => {
        document.querySelectorAll(".player").forEach(player => {
            const frames = player.querySelectorAll(".frames img"), first = frames[0]?.src;
            if (!frames.length) return;
            if (player.first !== first || player.count !== frames.length) {  // a new animation
                player.first = first; player.count = frames.length;
                show(player, 0);
                play(player, !matchMedia("(prefers-reduced-motion: reduce)").matches);
            }
            if (!player.playing) return;
            const seconds = Math.max(0, now - player.started) / 1000 % player.schedule.at(-1).until;
            show(player, player.schedule.find(slot => seconds < slot.until).index);
        });
        requestAnimationFrame(clock);
    };
    requestAnimationFrame(clock);

    const typing = target => target instanceof Element && target.closest("textarea, input[type=text], input[type=number], [contenteditable]");

    document.addEventListener("input", event => {
        if (event.target.id === "facet-split") split(event.target.value);
        if (event.target.matches?.(".scrub")) {
            const player = event.target.closest(".player");
            const index = Number(event.target.value);
            play(player, false);
            show(player, index);
        }
    });
    document.addEventListener("click", event => {
        if (event.target.id === "facet-toggle") split(Number(byId("facet-split").value) === 100 ? 0 : 100);
        if (event.target.closest?.(".facet-summary")) byId("facet-receipt").scrollIntoView({block: "end"});
        const face = event.target.closest?.("#facet-faces .face-button");  // it opens in a moment; the click shows now
        if (face) face.parentElement.querySelectorAll("button").forEach(one => one.setAttribute("aria-pressed", String(one === face)));
        if (event.target.matches?.("dialog.whole")) event.target.close();  // beside the photo
        if (event.target.matches?.(".play")) { const player = event.target.closest(".player"); play(player, !player.playing); }
    });
    document.addEventListener("pointerdown", event => { if (event.target.closest?.("#facet-stage")) hold(); });
    ["pointerup", "pointercancel", "blur"].forEach(name => window.addEventListener(name, release));
    document.addEventListener("keydown", event => {
        if (typing(event.target)) return;
        const key = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
        if (key === "b" && !command && !event.altKey) hold();
        if (command && key === "z") { event.preventDefault(); button(event.shiftKey ? "facet-redo" : "facet-undo")?.click(); }
        if (command && key === "y") { event.preventDefault(); button("facet-redo")?.click(); }
    });
    document.addEventListener("keyup", event => { if (event.key.toLowerCase() === "b") release(); });

    const start = () => {
        new MutationObserver(watchStage).observe(document.body,
            {subtree: true, childList: true, attributes: true, attributeFilter: ["data-query", "data-face"]});
    };
    document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();

    // A link to the page as it is; where the page may not write to the clipboard, the link is shown to be copied.
    const copyLink = async (id, copied) => {
        try {
            await navigator.clipboard.writeText(location.href);
        } catch {
            prompt("", location.href);
            return;
        }
        const label = button(id);
        label.dataset.text ??= label.textContent;
        label.textContent = copied;
        setTimeout(() => { label.textContent = label.dataset.text; }, 1500);
    };

    return {
        download: id => setTimeout(() => button(id)?.click(), 50),
        open: id => byId(id)?.querySelector("dialog")?.showModal(),
        copyLink,
    };
})();
window.facet = facet;
