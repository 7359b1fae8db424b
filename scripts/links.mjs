/** Links and headings of a Markdown document, as GitHub reads them. */

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** Targets of links to our own files; other sites' are not looked at. */
export function linksOf(markdown) {
  const links = [...withoutCode(markdown).matchAll(/\]\(\s*<?([^)\s>]+)/g)].map((match) => match[1]);
  return links.filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link));
}

/** Anchors of the document's headings. */
export function anchorsOf(markdown) {
  const anchors = new Set();
  for (const [, title] of markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*$/gm)) {
    const slug = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let unique = slug;
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}
