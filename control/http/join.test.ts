import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { joinLine, joinScriptHash } from './join.ts'
import { joinScript } from './join-script.ts'

const bundle = 'ab'.repeat(32)

test('the line names the hash of the script, the bundle, the pin and the token, and hands the token over by a pipe', async () => {
  const line = await joinLine({ bundle, pin: 'cd'.repeat(32), url: 'https://cloud.example:9360/' }, 'tok-en')
  const hash = createHash('sha256').update(joinScript).digest('hex')
  expect(await joinScriptHash()).toBe(hash)
  expect(line).toContain(`curl -fsSk -o "$f" 'https://cloud.example:9360/agent/join/${hash}'`)
  expect(line).toContain(`echo "${hash}  $f" | sha256sum -c --quiet -`)
  expect(line).toContain(
    `printf %s 'tok-en' | sudo sh "$f" 'https://cloud.example:9360' ${bundle} ${'cd'.repeat(32)} --underlay auto`,
  )
})

test('hosts of one cloud belong to one instance', async () => {
  const line = await joinLine({ bundle, pin: undefined, url: 'https://cloud.example', instance: 'i1' }, 't')
  expect(line).toMatch(/ - --underlay auto --instance 'i1'$/)
})

test('without a pin the certificate is checked by those who vouch for it; without a bundle there is no line', async () => {
  expect(await joinLine({ bundle, pin: undefined, url: 'https://cloud.example' }, 't')).toMatch(
    /curl -fsS -o .* - --underlay auto$/,
  )
  expect(await joinLine({ bundle: undefined, pin: undefined, url: 'https://cloud.example' }, 't')).toBeNull()
})

test('whatever a name holds, the shell reads it as one word', async () => {
  const line = (await joinLine({ bundle, pin: undefined, url: "https://x/'; touch pwned; '" }, 't')) ?? ''
  const words = execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$4"; false; }; ${line} || true`], { encoding: 'utf8' })
  expect(words).toContain("https://x/'; touch pwned; '/agent/join/")
})

test('the script is one that a POSIX shell reads, and does nothing without its token', () => {
  execFileSync('sh', ['-n'], { input: joinScript })
  const run = () =>
    execFileSync('sh', ['-c', joinScript, 'join', 'https://nowhere.invalid', bundle, '-'], {
      input: '',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  expect(run).toThrow('the token is expected on standard input')
})
