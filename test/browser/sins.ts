/**
 * Runs in a page, as text because the program itself knows no DOM: answers what a reader with a screen reader, a narrow phone,
 * weak eyes or only a keyboard would stumble over, as a list of sentences.
 */
export const SINS = String.raw`(() => {
  const sins = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  if (document.documentElement.lang === '') sins.push('no language');
  if (document.title === '') sins.push('no title');
  if (all('h1').length !== 1) sins.push(all('h1').length + ' h1');
  if (all('main').length !== 1) sins.push('no main');
  const levels = all('h1, h2, h3').map((heading) => Number(heading.tagName.slice(1)));
  levels.forEach((level, index) => {
    if (level > (levels[index - 1] ?? 0) + 1) sins.push('heading ' + level + ' after ' + (levels[index - 1] ?? 0));
  });
  for (const field of all('input:not([type=hidden]), textarea, select')) if (field.labels.length === 0) sins.push(field.id + ' has no label');
  for (const control of all('button, a')) if (control.textContent.trim() === '') sins.push(control.outerHTML + ' has no name');
  for (const frame of all('iframe')) if (!frame.title) sins.push('a frame has no title');
  const ids = all('[id]').map(({ id }) => id);
  if (new Set(ids).size < ids.length) sins.push('an id is there twice');
  if (document.documentElement.scrollWidth > window.innerWidth) sins.push(document.documentElement.scrollWidth + ' px wide');
  for (const button of all('button:not(.plain)')) {
    const { width, height } = button.getBoundingClientRect();
    if (width > 0 && height < 40) sins.push(button.textContent + ' is too small to tap');
  }

  // WCAG 1.4.3: text stands out from its ground by 4.5, large text by 3.
  const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const light = (colour) => {
    const [r, g, b] = channels(colour).map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((channels(colour)[3] ?? 1) === 1) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  for (const element of all('main *, header *')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!hasText || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const [one, two] = [light(style.color), light(groundOf(element))];
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (contrast < (Number.parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) sins.push('contrast ' + contrast.toFixed(2) + ' of "' + element.textContent.trim().slice(0, 30) + '"');
  }
  return sins;
})()`;
