import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { en } from '../locales/en.ts'
import { base64, checkLaunch, countOf, isPublicKey, type LaunchForm, nameInKey } from './launch-check.ts'
import { awsCommand, curlCommand, quoted, type Wanted } from './launch-commands.ts'

const good: LaunchForm = {
  name: 'web-1',
  image: 'img_1',
  flavor: 't3.micro',
  placementGroup: '',
  subnet: '',
  securityGroup: '',
  keyMode: 'none',
  keyPair: null,
  keyName: '',
  publicKey: '',
  userData: '',
  count: '1',
}
const key = `ssh-ed25519 ${'A'.repeat(68)} ada@laptop`

describe('the launch form', () => {
  it('accepts what is filled in well', () => {
    expect(checkLaunch(en, good)).toEqual({})
    expect(checkLaunch(en, { ...good, name: '', keyMode: 'import', keyName: 'ada', publicKey: key })).toEqual({})
  })
  it.each([
    ['name', { name: '-web' }],
    ['name', { name: 'web_1' }],
    ['name', { name: 'x'.repeat(64) }],
    ['image', { image: null }],
    ['flavor', { flavor: null }],
    ['keyPair', { keyMode: 'existing' }],
    ['keyName', { keyMode: 'create' }],
    ['publicKey', { keyMode: 'import', keyName: 'ada', publicKey: '-----BEGIN OPENSSH PRIVATE KEY-----' }],
    ['userData', { userData: 'é'.repeat(8_193) }],
    ['count', { count: '0' }],
    ['count', { count: '1.5' }],
    ['count', { count: '' }],
  ] satisfies [string, Partial<LaunchForm>][])('points at %s for %j', (field, change) => {
    expect(Object.keys(checkLaunch(en, { ...good, ...change }))).toEqual([field])
  })
  it('knows a public key, and finds its name in it', () => {
    expect(isPublicKey(`  ${key}\n`)).toBe(true)
    expect(isPublicKey('ssh-ed25519 short')).toBe(false)
    expect(nameInKey(key)).toBe('ada@laptop')
    expect(nameInKey('ssh-ed25519 AAAA')).toBe('')
  })
  it('counts only whole numbers in range', () => {
    expect(countOf('12')).toBe(12)
    expect(countOf('1001')).toBeNull()
    expect(countOf('1e3')).toBeNull()
  })
  it('encodes user-data as UTF-8', () => {
    expect(Buffer.from(base64('#!/bin/sh\necho été'), 'base64').toString()).toBe('#!/bin/sh\necho été')
  })
})

describe('the same from a terminal', () => {
  const places = { origin: 'https://cloud.example', ec2Endpoint: 'https://ec2.cloud.example', region: 'local' }
  const wanted: Wanted = {
    image: 'img_1',
    ami: 'ami-1',
    flavor: 't3.micro',
    count: 2,
    name: 'web',
    keyPair: "ada's key",
    userData: 'IyE=',
    script: "#!/bin/sh\necho 'hi' $HOME `id`",
  }
  /** The words that a real shell makes of a line. */
  const words = (line: string): string[] =>
    execFileSync('/bin/sh', ['-c', `for word in "$@"; do :; done; set -- ${line}; printf '%s\\0' "$@"`], { encoding: 'utf8' })
      .split('\0')
      .slice(0, -1)

  it('is a line of aws that a shell reads as it was meant, whatever was typed', () => {
    expect(words(awsCommand(places, wanted))).toEqual([
      ...['aws', 'ec2', 'run-instances', '--endpoint-url', 'https://ec2.cloud.example', '--region', 'local'],
      ...['--image-id', 'ami-1', '--instance-type', 't3.micro', '--count', '2', '--key-name', "ada's key"],
      ...['--tag-specifications', 'ResourceType=instance,Tags=[{Key=Name,Value=web}]', '--user-data', wanted.script],
    ])
  })
  it('is a line of curl whose body is the request of the form', () => {
    const [curl, url, , authorization, , , , body] = words(curlCommand(places, wanted))
    expect([curl, url, authorization]).toEqual(['curl', 'https://cloud.example/api/v1/machines', 'Authorization: Bearer '])
    expect(JSON.parse(body ?? '')).toEqual({
      image: 'img_1',
      flavor: 't3.micro',
      count: 2,
      name: 'web',
      keyPair: "ada's key",
      userData: 'IyE=',
    })
  })
  it.each(['', "'", '$(id)', 'a b', 'a\nb', '*', '~', '\\'])('quotes %j', text => {
    expect(words(quoted(text))).toEqual([text])
  })
})
