import type { ReactNode } from 'react'

const Icon = ({ children }: { children: ReactNode }) => (
  <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    {children}
  </svg>
)

/** One stroke, one weight; decoration only: words stand beside or behind each. */
export const icons = {
  machines: (
    <Icon>
      <rect x="2" y="2.5" width="12" height="4.5" rx="1.2" />
      <rect x="2" y="9" width="12" height="4.5" rx="1.2" />
      <path d="M4.6 4.75h.01M4.6 11.25h.01" />
    </Icon>
  ),
  volumes: (
    <Icon>
      <ellipse cx="8" cy="4" rx="5.5" ry="2.2" />
      <path d="M2.5 4v8c0 1.2 2.5 2.2 5.5 2.2s5.5-1 5.5-2.2V4M2.5 8c0 1.2 2.5 2.2 5.5 2.2s5.5-1 5.5-2.2" />
    </Icon>
  ),
  images: (
    <Icon>
      <circle cx="8" cy="8" r="6" />
      <circle cx="8" cy="8" r="1.7" />
    </Icon>
  ),
  money: (
    <Icon>
      <rect x="1.8" y="4" width="12.4" height="8" rx="1.2" />
      <circle cx="8" cy="8" r="1.8" />
    </Icon>
  ),
  keyPairs: (
    <Icon>
      <circle cx="5.2" cy="10.8" r="2.9" />
      <path d="m7.3 8.7 5.9-5.9M10.6 5.4l2 2" />
    </Icon>
  ),
  securityGroups: (
    <Icon>
      <path d="M8 1.8 13 4v3.8c0 3-2 5.2-5 6.4-3-1.2-5-3.4-5-6.4V4z" />
      <path d="m5.8 8 1.6 1.6 2.9-3" />
    </Icon>
  ),
  networks: (
    <Icon>
      <circle cx="8" cy="3.6" r="1.8" />
      <circle cx="3.4" cy="12.2" r="1.8" />
      <circle cx="12.6" cy="12.2" r="1.8" />
      <path d="M7.2 5.2 4.3 10.6M8.8 5.2l2.9 5.4M5.2 12.2h5.6" />
    </Icon>
  ),
  placementGroups: (
    <Icon>
      <rect x="2" y="2" width="5" height="5" rx="1" />
      <rect x="9" y="2" width="5" height="5" rx="1" />
      <rect x="2" y="9" width="5" height="5" rx="1" />
      <path d="M9 11.5h5M11.5 9v5" />
    </Icon>
  ),
  people: (
    <Icon>
      <circle cx="6" cy="5" r="2.5" />
      <path d="M1.5 13.5c0-2.6 2-4.2 4.5-4.2s4.5 1.6 4.5 4.2M10.5 2.8a2.5 2.5 0 0 1 0 4.4M12 9.7c1.5.6 2.5 1.9 2.5 3.8" />
    </Icon>
  ),
  hosts: (
    <Icon>
      <rect x="4" y="4" width="8" height="8" rx="1.2" />
      <path d="M6.2 1.6v2M9.8 1.6v2M6.2 12.4v2M9.8 12.4v2M1.6 6.2h2M1.6 9.8h2M12.4 6.2h2M12.4 9.8h2" />
    </Icon>
  ),
  settings: (
    <Icon>
      <path d="M2 4.5h6.2M11.8 4.5H14M2 11.5h2.2M7.8 11.5H14" />
      <circle cx="10" cy="4.5" r="1.8" />
      <circle cx="6" cy="11.5" r="1.8" />
    </Icon>
  ),
  signOut: (
    <Icon>
      <path d="M6.5 2.5h-3a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3M10.5 5l3 3-3 3M13.2 8H6.4" />
    </Icon>
  ),
  copy: (
    <Icon>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.4" />
      <path d="M10.5 3.4v-.1a1 1 0 0 0-1-1h-6.2a1 1 0 0 0-1 1v6.2a1 1 0 0 0 1 1h.2" />
    </Icon>
  ),
  check: (
    <Icon>
      <path d="m3 8.5 3.4 3.4L13 4.6" />
    </Icon>
  ),
  chevron: (
    <Icon>
      <path d="m4 6.2 4 4 4-4" />
    </Icon>
  ),
  back: (
    <Icon>
      <path d="M9.8 3.6 5.4 8l4.4 4.4" />
    </Icon>
  ),
  plus: (
    <Icon>
      <path d="M8 3v10M3 8h10" />
    </Icon>
  ),
  bin: (
    <Icon>
      <path d="M2.8 4.4h10.4M6.2 4.2V2.9h3.6v1.3M4.2 4.6l.6 8.6h6.4l.6-8.6M6.8 7v3.8M9.2 7v3.8" />
    </Icon>
  ),
  up: (
    <Icon>
      <path d="M8 13V3.5M4 7.2l4-4 4 4" />
    </Icon>
  ),
  down: (
    <Icon>
      <path d="M8 3v9.5M4 8.8l4 4 4-4" />
    </Icon>
  ),
  search: (
    <Icon>
      <circle cx="7" cy="7" r="4.3" />
      <path d="m10.3 10.3 3.2 3.2" />
    </Icon>
  ),
}

/** Three gusts: the mark of Sirocco. */
export const Mark = () => (
  <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path className="gust-1" d="M4 12.5h15.2a3.4 3.4 0 1 0-3.2-4.6" />
    <path className="gust-2" d="M4 17.2h19.4a3.3 3.3 0 1 1-3.1 4.4" />
    <path className="gust-3" d="M4 21.9h10.6a2.6 2.6 0 1 1-2.4 3.6" />
  </svg>
)
