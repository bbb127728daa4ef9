import type { Language } from './messages.ts'

export interface Format {
  number(value: number): string
  /** 1.5 GiB, 1,5 Gio. */
  mib(value: number): string
  bytes(value: number): string
  /** Of millionths. */
  money(micros: number, currency: string): string
  /** 3 minutes ago; the moment and `now` in ms since the epoch. */
  ago(moment: number, now: number): string
  moment(moment: number): string
  clock(moment: number): string
  /** How long something took. */
  span(ms: number): string
}

const locales: Record<Language, string> = { en: 'en-GB', fr: 'fr-FR' }
const sizes: Record<Language, readonly string[]> = {
  en: ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'],
  fr: ['octets', 'Kio', 'Mio', 'Gio', 'Tio', 'Pio'],
}

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const steps = [
  { unit: 'day', ms: day },
  { unit: 'hour', ms: hour },
  { unit: 'minute', ms: minute },
  { unit: 'second', ms: second },
] as const

/** Numbers, sizes and moments as one language writes them. */
export function formats(language: Language): Format {
  const locale = locales[language]
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'long' })
  const full = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' })
  const units = {
    second: new Intl.NumberFormat(locale, { style: 'unit', unit: 'second', unitDisplay: 'short', maximumFractionDigits: 1 }),
    minute: new Intl.NumberFormat(locale, { style: 'unit', unit: 'minute', unitDisplay: 'short', maximumFractionDigits: 1 }),
    hour: new Intl.NumberFormat(locale, { style: 'unit', unit: 'hour', unitDisplay: 'short', maximumFractionDigits: 1 }),
  }
  const bytes = (value: number): string => {
    const names = sizes[language]
    let size = value
    let step = 0
    while (size >= 1024 && step < names.length - 1) {
      size /= 1024
      step += 1
    }
    // A non-breaking space, in both languages: a number and its unit stay together.
    return `${number.format(size)}\u00a0${names[step] ?? ''}`
  }
  return {
    number: value => number.format(value),
    mib: value => bytes(value * 1024 * 1024),
    bytes,
    money: (amount, currency) =>
      new Intl.NumberFormat(locale, {
        ...{ style: 'currency', currency, minimumFractionDigits: 2 },
        // What is less than a cent is told to the millionth.
        maximumFractionDigits: amount !== 0 && amount < 10_000_000 ? 6 : 2,
      }).format(amount / 1_000_000),
    ago(moment, now) {
      const past = moment - now
      const step = steps.find(({ ms }) => Math.abs(past) >= ms)
      // Clocks differ; what is a few seconds away is now.
      if (!step || Math.abs(past) < 5 * second) return relative.format(0, 'second')
      return relative.format(Math.trunc(past / step.ms), step.unit)
    },
    moment: moment => full.format(moment),
    clock: moment => time.format(moment),
    span(ms) {
      if (ms < minute) return units.second.format(ms / second)
      return ms < hour ? units.minute.format(ms / minute) : units.hour.format(ms / hour)
    },
  }
}
