// HTML as Markdown: a pure function, from the markup on a clipboard to the text of an issue.

const SKIPPED = new Set(["SCRIPT", "STYLE", "TITLE", "META", "LINK", "HEAD", "TEMPLATE", "NOSCRIPT"]);
const BLOCKS = new Set([
  ...["P", "DIV", "SECTION", "ARTICLE", "HEADER", "FOOTER", "MAIN", "ASIDE", "FIGURE", "ADDRESS"],
  ...["H1", "H2", "H3", "H4", "H5", "H6", "UL", "OL", "BLOCKQUOTE", "PRE", "HR", "TABLE", "TR"],
  ...["DL", "DT", "DD", "FORM", "FIELDSET", "BODY"],
]);
const SCHEMES = /^(?:https?:|mailto:|tel:)/i;
const DEEPEST = 60;

/** Return `html` as Markdown: links, lists, headings, quotes, bold and italic; the rest as words. */
export function markdownFrom(html) {
  const page = new DOMParser().parseFromString(unstyled(html), "text/html");
  const text = blocks(page.body, 0).join("\n\n");
  return text.replace(/[ \t]+\n/g, "\n").replace(/\n{3,}/g, "\n\n").trim();
}

/**
 * Return markup whose styles are only data: the page's policy forbids styles in what is parsed,
 * too, and what they say of weight and slant is still wanted.
 */
function unstyled(html) {
  return html
    .replace(/<style\b[^]*?<\/style>/gi, "")
    .replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/\sstyle\s*=/gi, " data-style="));
}

function styleOf(element, name) {
  const style = element.dataset?.style ?? "";
  const found = style.split(";").find((one) => one.trim().toLowerCase().startsWith(`${name}:`));
  return found ? found.split(":")[1].trim().toLowerCase() : "";
}

/** Return the blocks inside a node, each as finished text. */
function blocks(node, depth) {
  if (depth > DEEPEST) return [words(node.textContent)].filter(Boolean);
  const found = [];
  let run = "";
  const endRun = () => {
    const line = tidy(run);
    if (line) found.push(line);
    run = "";
  };
  for (const child of node.childNodes) {
    if (child.nodeType === Node.ELEMENT_NODE && isBlock(child)) {
      endRun();
      found.push(...block(child, depth + 1));
    } else {
      run += inline(child, depth + 1);
    }
  }
  endRun();
  return found;
}

function isBlock(element) {
  if (BLOCKS.has(element.tagName)) return true;
  // Google Docs puts paragraphs inside a <b> that means nothing.
  return [...element.children].some((child) => BLOCKS.has(child.tagName));
}

function block(element, depth) {
  const tag = element.tagName;
  if (SKIPPED.has(tag)) return [];
  if (/^H[1-6]$/.test(tag)) {
    const line = tidy(inlineOf(element, depth)).replace(/\n/g, " ").replace(/^\*\*(.*)\*\*$/, "$1");
    return line ? [`${"#".repeat(Math.min(Math.max(Number(tag[1]), 2), 4))} ${line}`] : [];
  }
  if (tag === "UL" || tag === "OL") return [list(element, depth)].filter(Boolean);
  if (tag === "BLOCKQUOTE") {
    const quoted = blocks(element, depth).join("\n\n");
    return quoted ? [quoted.replace(/^/gm, "> ").replace(/^> $/gm, ">")] : [];
  }
  if (tag === "HR") return ["---"];
  if (tag === "PRE") return [words(element.textContent)].filter(Boolean);
  if (tag === "TR") {
    const cells = [...element.children].map((cell) => tidy(inlineOf(cell, depth)));
    return [cells.filter(Boolean).join(" · ")].filter(Boolean);
  }
  if (isWordItem(element)) return [wordItem(element, depth)];
  return blocks(element, depth);
}

function list(element, depth) {
  const lines = [];
  let place = Number(element.getAttribute("start")) || 1;
  for (const child of element.children) {
    if (child.tagName === "UL" || child.tagName === "OL") {
      // Google Docs nests lists beside their items.
      const inner = list(child, depth + 1);
      if (inner) lines.push(inner.replace(/^/gm, "  "));
      continue;
    }
    const mark = element.tagName === "OL" ? `${place++}. ` : "- ";
    const said = blocks(child, depth + 1).join("\n");
    if (said) lines.push(mark + said.replace(/\n/g, `\n${" ".repeat(mark.length)}`));
  }
  return lines.join("\n");
}

/** Word writes lists as paragraphs with a bullet of their own. */
function isWordItem(element) {
  return /mso-list:/i.test(element.dataset.style ?? "");
}

function wordItem(element, depth) {
  const line = tidy(inlineOf(element, depth)).replace(/^(?:[·•o§▪◦-]|\d+[.)])\s+/, "");
  const isNumbered = /^\s*\d+[.)]/.test(element.textContent);
  return `${isNumbered ? "1." : "-"} ${line}`;
}

function inlineOf(element, depth) {
  return [...element.childNodes].map((child) => inline(child, depth + 1)).join("");
}

function inline(node, depth) {
  if (node.nodeType === Node.TEXT_NODE) return escaped(node.data.replace(/[\s\u00a0]+/g, " "));
  if (node.nodeType !== Node.ELEMENT_NODE || SKIPPED.has(node.tagName)) return "";
  if (depth > DEEPEST) return escaped(words(node.textContent));
  if (node.tagName === "BR") return "\n";
  if (node.tagName === "IMG") return "";
  const said = inlineOf(node, depth);
  if (node.tagName === "A") return link(node.getAttribute("href") ?? "", said);
  if (isBold(node)) return around(said, "**");
  if (isItalic(node)) return around(said, "*");
  return said;
}

function link(address, said) {
  const line = tidy(said).replace(/\n/g, " ");
  const target = address.trim();
  if (!line) return "";
  if (!SCHEMES.test(target) || /[\s<>()]/.test(target)) return said;
  return line === escaped(target) ? target : `[${line}](${target})`;
}

function isBold(node) {
  const weight = styleOf(node, "font-weight");
  if (["B", "STRONG"].includes(node.tagName)) return weight !== "normal" && weight !== "400";
  return node.tagName === "SPAN" && (weight === "bold" || Number(weight) >= 600);
}

function isItalic(node) {
  const slant = styleOf(node, "font-style");
  if (["I", "EM"].includes(node.tagName)) return slant !== "normal";
  return node.tagName === "SPAN" && slant === "italic";
}

/** Put marks around words, with the blanks around them outside, as Markdown wants it. */
function around(said, mark) {
  const inner = said.trim();
  if (!inner || inner.includes("\n")) return said;
  const start = said.slice(0, said.indexOf(inner));
  return `${start}${mark}${inner}${mark}${said.slice(start.length + inner.length)}`;
}

/** Keep what a page says from being read as marks of ours. */
function escaped(text) {
  return text.replace(/([*_`[\]<])/g, "\\$1");
}

function words(text) {
  return text.replace(/[\s\u00a0]+/g, " ").trim();
}

function tidy(run) {
  return run
    .split("\n")
    .map((line) => line.replace(/[ \t]+/g, " ").trim())
    .join("\n")
    .trim();
}
