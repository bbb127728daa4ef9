import { expect, test } from 'vitest'
import { type Choice, fallenBack, launchOf, trialStarts, tried } from './choice.ts'

const [installed, one, two] = ['a', 'b', 'c'].map(letter => letter.repeat(64)) as [string, string, string]
const all = () => true
const settled = (choice: Choice): Choice => ({ ...choice, starts: null })

test('nothing was chosen: the installed one runs', () => {
  expect(launchOf(null, installed, all)).toEqual({ run: 'installed', choice: null })
})

test('a chosen one is tried so often, and then no more', () => {
  let kept = tried(null, installed, one)
  for (let start = 1; start <= trialStarts; start++) {
    const launch = launchOf(kept, installed, all)
    expect(launch).toMatchObject({ run: one, trial: true, choice: { starts: start } })
    if (launch.choice) kept = launch.choice
  }
  expect(launchOf(kept, installed, all)).toMatchObject({
    run: 'installed',
    choice: { chosen: null, unsaid: true, failed: { bundle: one, why: expect.stringContaining('ended 3 times') } },
  })
})

test('one that was live runs however often it ends', () => {
  const kept = settled(tried(null, installed, one))
  expect(launchOf(kept, installed, all)).toEqual({ run: one, choice: kept, trial: false })
})

test('what comes to nothing gives way to the one before it, not to the installed one', () => {
  const kept = tried(settled(tried(null, installed, one)), installed, two)
  expect(launchOf(fallenBack(kept, 'why'), installed, all)).toMatchObject({ run: one, trial: false })
})

test('a bundle that is gone, or was changed, is not run', () => {
  const kept = tried(settled(tried(null, installed, one)), installed, two)
  expect(launchOf(kept, installed, bundle => bundle === one)).toMatchObject({ run: one, choice: { failed: { bundle: two } } })
  expect(launchOf(kept, installed, () => false)).toMatchObject({ run: 'installed' })
})

test('whoever installs another one by hand has chosen that', () => {
  expect(launchOf(settled(tried(null, installed, one)), two, all)).toMatchObject({ run: 'installed' })
})
