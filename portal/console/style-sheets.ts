/**
 * Runs `open` (which must be synchronous) such that a `<style>` element it makes writes into a constructed style sheet instead. The
 * content security policy (`style-src 'self'`) forbids inline style elements, which xterm makes for its colours, partly by the
 * global document whatever document it is given; a constructed sheet is script's own doing and allowed. Returns what takes the
 * sheets away again.
 */
export function withStyleSheets(page: Document, open: () => void): () => void {
  const sheets: CSSStyleSheet[] = []
  const make = (name: string): HTMLElement => {
    const original = Document.prototype.createElement
    if (name !== 'style') return original.call(page, name)
    const sheet = new CSSStyleSheet()
    sheets.push(sheet)
    page.adoptedStyleSheets = [...page.adoptedStyleSheets, sheet]
    // Even an empty style element would be reported as a violation: an inert element stands for it.
    const element = original.call(page, 'template')
    Object.defineProperty(element, 'textContent', { set: (text: string) => sheet.replaceSync(text), get: () => '' })
    return element
  }
  Object.defineProperty(page, 'createElement', { configurable: true, value: make })
  try {
    open()
  } finally {
    Reflect.deleteProperty(page, 'createElement')
  }
  return () => {
    page.adoptedStyleSheets = page.adoptedStyleSheets.filter(sheet => !sheets.includes(sheet))
  }
}
