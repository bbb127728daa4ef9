import { filled, type MessageKey, messages, say } from '@sirocco/shared/model/messages.ts'
import { expect, it } from 'vitest'
import { en } from './en.ts'
import { fr } from './fr.ts'
import { frMessages } from './fr-messages.ts'
import { told } from './told.ts'

const keys = Object.keys(messages) as MessageKey[]
const parametersOf = (template: string) => [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()

it.each(keys)('%s uses the same parameters in French', key => {
  expect(parametersOf(frMessages[key])).toEqual(parametersOf(messages[key]))
})

it('says what the server says in the reader\u2019s language, by its key', () => {
  const { text, key, params } = say('machine.is_stopped', { name: 'web' })
  expect(text).toBe('web is stopped; start it first')
  const problem = { message: text, key, params }
  expect(told(en, problem)).toBe(text)
  expect(told(fr, problem)).toBe(filled(frMessages['machine.is_stopped'], { name: 'web' }))
  expect(told(fr, { message: 'as it is' })).toBe('as it is')
  expect(told(fr, { message: 'as it is', key: 'of.a_newer_server' })).toBe('as it is')
})

it('takes nothing for a template that a parameter says', () => {
  expect(say('machine.is_gone', { name: '{name}{verb}' }).text).toBe('{name}{verb} no longer exists')
})
