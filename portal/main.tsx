import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from './api/queries.ts'
import { messagesOf, preferredLanguage, Speaking } from './locales/language.tsx'
import { router } from './pages/routes.tsx'
import { Notices } from './ui/notices.tsx'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/shell.css'
import './styles/pages.css'

const element = document.getElementById('app')
if (!element) throw new Error('index.html has no #app')

const language = preferredLanguage()
document.documentElement.lang = language
const messages = await messagesOf(language)

createRoot(element).render(
  <StrictMode>
    <Speaking first={language} messages={messages}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Notices />
      </QueryClientProvider>
    </Speaking>
  </StrictMode>,
)
