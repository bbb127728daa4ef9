/** An element as libvirt prints it: no mixed content, no comments. */
export interface Element {
  readonly name: string
  readonly attributes: Map<string, string>
  readonly children: Element[]
  text: string
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const decoded = (text: string): string =>
  text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g, (_, name?: string, code?: string, hex?: string) =>
    name !== undefined
      ? (entities[name] ?? '')
      : String.fromCodePoint(code === undefined ? Number.parseInt(hex ?? '0', 16) : Number(code)),
  )
const encoded = (text: string): string =>
  text.replace(/[&<>"']/g, found => `&${Object.keys(entities).find(name => entities[name] === found)};`)

const token = /<(\/?)([A-Za-z_][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:'[^'<]*'|"[^"<]*"))*)\s*(\/?)>|([^<]+)/y

/** Reads one document; null for anything else than elements, attributes and text. */
export function parseXml(xml: string): Element | null {
  const open: Element[] = []
  let root: Element | null = null
  token.lastIndex = 0
  for (let at = 0; at < xml.length; at = token.lastIndex) {
    token.lastIndex = at
    const found = token.exec(xml)
    if (!found) return null
    const [, end, name, attributes = '', empty, text] = found
    const top = open.at(-1)
    if (text !== undefined) {
      if (text.trim() === '') continue
      if (!top) return null
      top.text += decoded(text)
    } else if (end) {
      if (top?.name !== name) return null
      open.pop()
    } else if (name !== undefined) {
      const element: Element = { name, attributes: attributesOf(attributes), children: [], text: '' }
      if (top) top.children.push(element)
      else if (root) return null
      else root = element
      if (!empty) open.push(element)
    }
  }
  return open.length === 0 ? root : null
}

const attributesOf = (text: string): Map<string, string> =>
  new Map(
    [...text.matchAll(/([\w:.-]+)\s*=\s*(?:'([^']*)'|"([^"]*)")/g)].map(([, name = '', single, double]) => [
      name,
      decoded(single ?? double ?? ''),
    ]),
  )

export function printXml({ name, attributes, children, text }: Element): string {
  const opening = [name, ...[...attributes].map(([key, value]) => `${key}='${encoded(value)}'`)].join(' ')
  if (children.length === 0 && text === '') return `<${opening}/>`
  return `<${opening}>${encoded(text)}${children.map(printXml).join('')}</${name}>`
}

/** The elements at the end of this path of names. */
export const find = (element: Element, ...path: readonly string[]): Element[] =>
  path.reduce<Element[]>((found, name) => found.flatMap(one => one.children.filter(child => child.name === name)), [element])

/** This element and all below it. */
export const all = (element: Element): Element[] => [element, ...element.children.flatMap(all)]
