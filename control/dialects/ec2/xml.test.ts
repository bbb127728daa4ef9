import { expect, test } from 'vitest'
import { document, escaped } from './xml.ts'

test('lists become items, and what is null or undefined is left out', () => {
  expect(document('A', 'urn:x', { list: [{ a: 1 }, 'b'], none: null, missing: undefined, empty: [], text: '', no: false })).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<A xmlns="urn:x"><list><item><a>1</a></item><item>b</item></list><empty/><text/><no>false</no></A>',
  )
})
test('text is escaped, and what XML cannot carry is replaced', () => {
  expect(escaped(`<a href="x">'&\r\n\t`)).toBe('&lt;a href=&quot;x&quot;&gt;&apos;&amp;&#13;\n\t')
  expect(escaped('a\u0000\u001b[1m\ufffe\ud800b')).toBe('a\ufffd\ufffd[1m\ufffd\ufffdb')
  expect(escaped('naïve 🏝')).toBe('naïve 🏝')
})
