// What a page does wrong, as a list of sentences; nothing, if it is sound. Run in the page.
() => {
  const faults = [], all = selector => [...document.querySelectorAll(selector)];
  const named = element => `<${element.tagName.toLowerCase()} ${element.id || element.className.baseVal || element.className}> “${(element.textContent || "").trim().slice(0, 40)}”`;
  const seen = element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && element.getClientRects().length > 0;

  if (!document.documentElement.lang) faults.push("the page has no language");
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`scrolls sideways: ${document.documentElement.scrollWidth} of ${innerWidth}`);
  for (const element of all("body *")) {
    const box = element.getBoundingClientRect();
    if (box.right > innerWidth + 1 && seen(element) && !element.closest("svg") && getComputedStyle(element).position !== "absolute")
      faults.push(`sticks out to ${Math.round(box.right)}: ${named(element)}`);
  }

  const ids = all("[id]").map(element => element.id);
  for (const id of new Set(ids)) if (ids.filter(other => other === id).length > 1) faults.push(`two elements are called ${id}`);
  for (const link of all("a[href^='#']")) if (!document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)))) faults.push(`leads nowhere: ${link.getAttribute("href")}`);
  for (const attribute of ["aria-labelledby", "aria-describedby", "for"])
    for (const element of all(`[${attribute}]`)) if (!document.getElementById(element.getAttribute(attribute))) faults.push(`${attribute} of ${named(element)} leads nowhere`);

  for (const cell of all("th")) if (!cell.scope) faults.push(`no scope: ${named(cell)}`);
  for (const table of all("table")) if (!table.caption?.textContent.trim()) faults.push(`no caption: ${named(table)}`);
  for (const image of all("img")) if (!image.hasAttribute("alt")) faults.push(`no alt: ${image.src}`);
  for (const svg of all("svg")) {
    const hidden = svg.closest("[aria-hidden=true]"), within = svg.parentElement.closest("svg, [role=img]");
    if (!hidden && !within && !svg.getAttribute("aria-label") && !svg.hasAttribute("aria-labelledby")) faults.push(`a drawing without words: ${named(svg)}`);
  }
  for (const image of all("[role=img]")) if (!image.hasAttribute("aria-labelledby") && !image.getAttribute("aria-label")?.trim()) faults.push(`an image without words: ${named(image)}`);
  for (const control of all("input, select")) if (!control.labels.length) faults.push(`no label: ${named(control)}`);
  for (const button of all("button, a")) if (!button.textContent.trim() && button.getAttribute("aria-hidden") !== "true") faults.push(`says nothing: ${named(button)}`);
  let level = 0;
  for (const heading of all("h1, h2, h3, h4")) {
    if (+heading.tagName[1] > level + 2 - (level > 0)) faults.push(`a level is left out before ${named(heading)}`);
    level = +heading.tagName[1];
  }
  if (all("h1").length !== 1) faults.push(`${all("h1").length} headings of the first level`);

  const channel = value => { value /= 255; return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const colour = text => { const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
  const contrast = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const found = colour(getComputedStyle(each).backgroundColor);
      if (found.a > 0.99) return found.rgb;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const said = new Set();
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !seen(element) || element.closest("script, style, fieldset:disabled")) continue;
    const style = getComputedStyle(element), inside = element.closest("svg");
    const found = contrast(colour(inside ? style.fill : style.color).rgb, behind(inside ? inside.parentElement : element));
    const enough = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    if (found < enough && !said.has(named(element))) { said.add(named(element)); faults.push(`contrast ${found.toFixed(2)}: ${named(element)}`); }
    const smallest = inside ? 0 : innerWidth < 500 ? 9.5 : 11;
    if (parseFloat(style.fontSize) < smallest && !element.closest("sup, sub")) faults.push(`${style.fontSize} of text: ${named(element)}`);
  }
  const root = getComputedStyle(document.documentElement), canvas = document.createElement("canvas").getContext("2d");
  const variable = name => { canvas.fillStyle = root.getPropertyValue(name).trim(); return [1, 3, 5].map(i => parseInt(canvas.fillStyle.slice(i, i + 2), 16)); };
  for (const name of ["--softmax", "--sigmoid", "--isometric", "--edge", "--ink", "--quiet"])
    if (contrast(variable(name), variable("--paper")) < 3) faults.push(`a line of ${name} has ${contrast(variable(name), variable("--paper")).toFixed(2)}`);
  return faults;
}
