import { useQuery } from '@tanstack/react-query'
import { calls } from '../api/calls.ts'
import { queries } from '../api/queries.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { leave } from './identity-flow.ts'

/** A button for each who vouches for people here; nothing where nobody does, or it cannot be told. */
export function SignInProviders({
  to,
  busy,
  failed,
}: {
  readonly to: string
  readonly busy: boolean
  failed(error: unknown): void
}) {
  const { t } = useSpeech()
  const providers = useQuery(queries.signInProviders)
  return providers.data?.items.map(({ id, name }) => (
    <p key={id}>
      <Button
        busy={busy}
        onPress={() => {
          calls.askProvider(id).then(asked => leave(asked, { link: false, to }), failed)
        }}
      >
        {t.identities.signIn({ name })}
      </Button>
    </p>
  ))
}
