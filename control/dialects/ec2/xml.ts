/** An answer before it is text: what is null or undefined is left out, a list becomes `<item>`s. */
export type Xml = string | number | boolean | null | undefined | readonly Xml[] | { readonly [name: string]: Xml }

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#13;',
}

/** What XML 1.0 cannot carry, not even escaped (section 2.2, Char): controls and U+FFFE, U+FFFF. Lone surrogates are mended before. */
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/** Nothing to escape in it, which is so of nearly every text. */
const plain = /^[\w .:/=+@,-]*$/

export const escaped = (text: string): string =>
  plain.test(text)
    ? text
    : text
        .toWellFormed()
        .replace(forbidden, '\ufffd')
        .replace(/[&<>"'\r]/g, character => entities[character] ?? character)

function element(name: string, value: Xml): string {
  if (value === null || value === undefined) return ''
  const inner = content(value)
  return inner === '' ? `<${name}/>` : `<${name}>${inner}</${name}>`
}

// Appended, not mapped and joined: a thousand instances are 90,000 elements.
function content(value: Exclude<Xml, null | undefined>): string {
  if (typeof value === 'string') return escaped(value)
  if (typeof value !== 'object') return String(value)
  let text = ''
  if (isList(value)) for (const item of value) text += element('item', item)
  else for (const name of Object.keys(value)) text += element(name, value[name])
  return text
}

const isList = (value: object): value is readonly Xml[] => Array.isArray(value)

/** A document of one element in its default namespace. */
export function document(name: string, namespace: string | null, value: { readonly [name: string]: Xml }): string {
  const attribute = namespace === null ? '' : ` xmlns="${escaped(namespace)}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${attribute}>${content(value)}</${name}>`
}
