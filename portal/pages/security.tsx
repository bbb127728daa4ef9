import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import { useSpeech } from '../locales/language.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Identities } from './identities.tsx'
import { Passkeys } from './passkeys.tsx'
import { Password } from './password.tsx'
import { SecondFactorCard } from './second-factor.tsx'

/** How one signs in: the part of the settings that is about that. */
export function Security() {
  const { t } = useSpeech()
  const secondFactor = useQuery(queries.secondFactor)
  return (
    <section className="card" aria-labelledby="security">
      <h2 id="security">{t.security.title}</h2>
      <Loaded query={secondFactor}>{data => <SecondFactorCard state={data} />}</Loaded>
      <Passkeys />
      <Identities />
      <Password />
    </section>
  )
}
