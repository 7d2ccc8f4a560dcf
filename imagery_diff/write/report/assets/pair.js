(() => {
  const at = (id) => document.getElementById(id);
  const page = JSON.parse(at("page").textContent);
  const stage = at("stage"), map = at("map"), range = at("range");
  // What is shown of the ground, in its own units (metres), and where the swipe stands, 0 to 1 across the stage.
  const view = { x: 0, y: 0, w: page.width, h: page.height };
  let swipe = 0.5, cross = null, ruler = [], measuring = false, blinking = 0;
  // A long strip of ground needs no high stage; the tools beside it need some height.
  const room = () => { stage.style.maxHeight = `${Math.max(340, 1.1 * stage.clientWidth * page.height / page.width)}px`; };
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const box = () => stage.getBoundingClientRect();
  const perPixel = () => view.w / box().width;
  const toGround = (event) => {
    const b = box();
    return { x: view.x + ((event.clientX - b.left) / b.width) * view.w, y: view.y + ((event.clientY - b.top) / b.height) * view.h };
  };

  function fit(left, top, width, height) {
    const b = box(), aspect = b.height / b.width;
    view.w = Math.max(width, height / aspect);
    view.h = view.w * aspect;
    view.x = left + (width - view.w) / 2;
    view.y = top + (height - view.h) / 2;
    draw();
  }
  const whole = () => fit(0, 0, page.width, page.height);

  function zoom(times, about) {
    const p = about || { x: view.x + view.w / 2, y: view.y + view.h / 2 };
    const least = 12 * page.fineness, most = 2 * Math.max(page.width, page.height * view.w / view.h);
    const w = Math.min(most, Math.max(least, view.w / times));
    const factor = w / view.w;
    view.x = p.x - (p.x - view.x) * factor;
    view.y = p.y - (p.y - view.y) * factor;
    view.w *= factor;
    view.h *= factor;
    draw();
  }

  function move(dx, dy) {
    view.x = Math.min(page.width - 0.1 * view.w, Math.max(-0.9 * view.w, view.x + dx));
    view.y = Math.min(page.height - 0.1 * view.h, Math.max(-0.9 * view.h, view.y + dy));
    draw();
  }

  function roundLength(most) {
    const step = 10 ** Math.floor(Math.log10(most));
    return [5, 2, 1].map((n) => n * step).find((n) => n <= most) || step;
  }

  function draw() {
    const per = perPixel();
    map.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
    at("swipe-rect").setAttribute("x", view.x + swipe * view.w);
    at("swipe-rect").setAttribute("width", 1e6);
    at("bar").style.left = `${100 * swipe}%`;
    range.value = 100 * swipe;
    for (const text of map.querySelectorAll("text")) {
      const name = text.classList.contains("name");
      text.style.fontSize = `${(name ? 11 : 15) * per}px`;
      // A zone's name is written where it has room in the zone; about six pixels a letter.
      if (name) text.style.display = Number(text.dataset.size) < 6 * per * text.textContent.length ? "none" : "";
    }
    const length = roundLength(140 * per);
    at("scale-bar").style.width = `${length / per}px`;
    at("scale-text").textContent = `${length >= 1000 && page.unit === "m" ? length / 1000 + " km" : length + " " + page.unit}`;
    stage.classList.toggle("zoomed", view.w < 0.95 * page.width);
    drawRuler(per);
  }

  function drawRuler(per) {
    const arm = 12 * per;
    at("cross").setAttribute("visibility", cross ? "visible" : "hidden");
    if (cross) {
      const d = `M${cross.x - arm} ${cross.y}H${cross.x + arm}M${cross.x} ${cross.y - arm}V${cross.y + arm}`;
      at("cross-line").setAttribute("d", d);
      at("cross-under").setAttribute("d", d);
    }
    at("ruler").setAttribute("visibility", ruler.length ? "visible" : "hidden");
    const [a, b] = [ruler[0], ruler[1] || (measuring && cross) || ruler[0]];
    if (!a) return;
    for (const id of ["rule", "rule-under"]) {
      for (const [name, value] of Object.entries({ x1: a.x, y1: a.y, x2: b.x, y2: b.y })) at(id).setAttribute(name, value);
    }
    for (const [id, p] of [["rule-a", a], ["rule-b", b]]) {
      at(id).setAttribute("cx", p.x);
      at(id).setAttribute("cy", p.y);
      at(id).setAttribute("r", 4 * per);
    }
  }

  function place(p) {
    if (!page.lonlat) return null;
    const u = p.x / page.width, v = p.y / page.height, terms = [1, u, v, u * u, u * v, v * v];
    const value = (c) => c.reduce((sum, ci, i) => sum + ci * terms[i], 0);
    return { lat: value(page.lonlat.lat), lon: value(page.lonlat.lon) };
  }

  function tell(p) {
    const where = p && place(p), words = [];
    if (where) words.push(`${where.lat.toFixed(6)}, ${where.lon.toFixed(6)}`);
    else if (p) words.push(`${page.words.column} ${p.x.toFixed(1)}, ${page.words.row} ${p.y.toFixed(1)}`);
    const [a, b] = [ruler[0], ruler[1] || (measuring && cross)];
    if (a && b) words.push(`${Math.hypot(b.x - a.x, b.y - a.y).toFixed(1)} ${page.unit}`);
    else if (measuring) words.push(page.words.first);
    at("readout").textContent = words.join("   ");
    at("copy").disabled = !where;
    if (where) at("copy").dataset.text = `${where.lat.toFixed(6)}, ${where.lon.toFixed(6)}`;
  }

  function setSwipe(share) {
    swipe = Math.min(1, Math.max(0, share));
    draw();
  }

  function blink() {
    if (blinking) {
      clearInterval(blinking);
      blinking = 0;
      setSwipe(0.5);
    } else {
      // Once a second, or every two where motion is not wanted: far from what may harm.
      setSwipe(0);
      blinking = setInterval(() => setSwipe(swipe < 0.5 ? 1 : 0), still.matches ? 2000 : 900);
    }
    at("blink").setAttribute("aria-pressed", String(Boolean(blinking)));
  }

  function measure() {
    measuring = !measuring;
    ruler = [];
    cross = measuring ? { x: view.x + view.w / 2, y: view.y + view.h / 2 } : null;
    stage.classList.toggle("measuring", measuring);
    at("measure").setAttribute("aria-pressed", String(measuring));
    draw();
    tell(cross);
  }

  function setPoint(p) {
    ruler = ruler.length === 1 ? [ruler[0], p] : [p];
    cross = p;
    draw();
    tell(p);
  }

  // --- by pointer
  let held = null;
  const isBar = (event) => event.target.closest("#bar");
  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    if (measuring && !isBar(event)) return setPoint(toGround(event));
    held = { bar: Boolean(isBar(event)), x: event.clientX, y: event.clientY };
    if (blinking && held.bar) blink();
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("busy");
  });
  stage.addEventListener("pointermove", (event) => {
    if (held && held.bar) return setSwipe((event.clientX - box().left) / box().width);
    if (held) {
      const per = perPixel();
      move((held.x - event.clientX) * per, (held.y - event.clientY) * per);
      held = { bar: false, x: event.clientX, y: event.clientY };
      return undefined;
    }
    const p = toGround(event);
    if (measuring && ruler.length === 1) {
      cross = p;
      draw();
    }
    return tell(p);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    stage.addEventListener(name, () => {
      held = null;
      stage.classList.remove("busy");
    });
  }
  stage.addEventListener("wheel", (event) => {
    // The page scrolls unless the picture was taken hold of.
    if (document.activeElement !== stage && !event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, toGround(event));
  }, { passive: false });

  // --- by keyboard
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = arrows[event.key];
    if (arrow && measuring) {
      const step = view.w * (event.shiftKey ? 0.05 : 0.005);
      cross = { x: cross.x + arrow[0] * step, y: cross.y + arrow[1] * step };
      draw();
      tell(cross);
    } else if (arrow && (event.shiftKey || arrow[1])) move(arrow[0] * view.w * 0.1, arrow[1] * view.h * 0.1);
    else if (arrow) setSwipe(swipe + arrow[0] * 0.02);
    else if (event.key === "Enter" && measuring) setPoint(cross);
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") whole();
    else if (event.key === "b" || event.key === "B") blink();
    else if (event.key === "m" || event.key === "M") measure();
    else if (event.key === "Escape" && measuring) measure();
    else return;
    event.preventDefault();
  });
  range.addEventListener("input", () => setSwipe(range.value / 100));
  at("blink").addEventListener("click", blink);
  at("measure").addEventListener("click", () => { measure(); if (measuring) stage.focus(); });
  at("in").addEventListener("click", () => zoom(1.5));
  at("out").addEventListener("click", () => zoom(1 / 1.5));
  at("all").addEventListener("click", whole);
  const go = at("go");
  if (go) {
    go.addEventListener("change", () => {
      const found = page.regions[go.value];
      if (found) fit(...found.box.split(" ").map(Number));
    });
  }
  for (const [id, drawn] of [["show-zones", "#zones"], ["show-regions", "#regions-drawn"], ["show-lost", ".lost"]]) {
    const tick = at(id);
    if (tick) tick.addEventListener("change", () => { for (const part of map.querySelectorAll(drawn)) part.style.display = tick.checked ? "" : "none"; });
  }
  at("copy").addEventListener("click", async () => {
    const text = at("copy").dataset.text;
    try {
      await navigator.clipboard.writeText(text);
      at("readout").textContent = `${page.words.copied}: ${text}`;
    } catch {
      // Pages opened from disk may not reach the clipboard: the text is shown selected instead.
      const chosen = document.createRange();
      at("readout").textContent = text;
      chosen.selectNodeContents(at("readout"));
      getSelection().removeAllRanges();
      getSelection().addRange(chosen);
    }
  });
  addEventListener("resize", () => {
    room();
    fit(view.x, view.y, view.w, view.h);
  });
  room();
  whole();
})();
