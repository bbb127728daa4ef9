import { describe, expect, it } from 'vitest'
import { firstLoad } from './budget.ts'

describe('the first load', () => {
  it('is the entry and what it imports, each once, and nothing lazy', () => {
    const manifest = {
      'index.html': { file: 'index.js', isEntry: true, imports: ['_a', '_b'], dynamicImports: ['console'] },
      _a: { file: 'a.js', imports: ['_b'] },
      _b: { file: 'b.js', imports: ['_a'] },
      console: { file: 'console.js', imports: ['_a'] },
    }
    expect(firstLoad(manifest)).toEqual(['index.js', 'a.js', 'b.js'])
  })
})
