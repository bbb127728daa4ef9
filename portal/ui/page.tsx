import { type ReactNode, useEffect, useRef } from 'react'

/**
 * A page's head and body. Its title takes the focus when the page is arrived at, so that keyboard and screen reader start where
 * the eye does; it names the document, too.
 */
export function Page({
  title,
  above,
  lead,
  aside,
  wide,
  children,
}: {
  title: string
  /** The way back, before the title. */
  above?: ReactNode
  lead?: ReactNode
  aside?: ReactNode
  wide?: boolean
  children: ReactNode
}) {
  const head = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Sirocco`
  }, [title])
  useEffect(() => {
    if (arrivals++ > 0) head.current?.focus({ preventScroll: true })
  }, [])
  return (
    <div className={wide ? 'page wide' : 'page'}>
      <header className="page-head">
        <div className="page-title">
          {above}
          <h1 ref={head} tabIndex={-1}>
            {title}
          </h1>
          {lead && <div className="lead">{lead}</div>}
        </div>
        {aside && <div className="page-aside">{aside}</div>}
      </header>
      {children}
    </div>
  )
}

/** The first page of a visit leaves the focus where the browser puts it. */
let arrivals = 0
