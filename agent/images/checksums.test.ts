import { expect, test } from 'vitest'
import { digestIn } from './checksums.ts'

const [a, b] = ['a'.repeat(64), 'B'.repeat(128)]

test.each([
  ["GNU's", `${'c'.repeat(64)}  other.img\n${a} *disk.img\n`, { by: 'sha256', hex: a }],
  ['with a folder before the name', `${a}  ./sub/disk.img\n`, { by: 'sha256', hex: a }],
  [
    "BSD's, signed",
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# disk.img: 12 bytes\nSHA256 (disk.img) = ${a}\n`,
    { by: 'sha256', hex: a },
  ],
  ['of both kinds: the stronger', `SHA256 (disk.img) = ${a}\nSHA512 (disk.img) = ${b}\n`, { by: 'sha512', hex: b.toLowerCase() }],
  ['a lone digest', `${b}\n`, { by: 'sha512', hex: b.toLowerCase() }],
  ['of other files', `${a}  disk.img.xz\n`, null],
  ['no checksums', '<html></html>', null],
])('a file of checksums: %s', (_, text, digest) => {
  expect(digestIn(text, 'disk.img')).toEqual(digest)
})
