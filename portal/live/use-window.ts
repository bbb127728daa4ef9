import { type RefObject, useEffect, useState } from 'react'

export interface Window {
  readonly from: number
  readonly to: number
}

/** Rows drawn beyond the visible ones, each way: a fast wheel turn shows no gap. */
const overscan = 12

/** Which rows of `count`, all `height` px high, the page's scroll position shows. The element is the list's own top. */
export function useWindow(list: RefObject<HTMLElement | null>, count: number, height: number): Window {
  const [top, setTop] = useState(0)
  const [view, setView] = useState(900)
  useEffect(() => {
    const look = (): void => {
      setTop(Math.floor(-(list.current?.getBoundingClientRect().top ?? 0) / height) * height)
      setView(window.innerHeight)
    }
    look()
    window.addEventListener('scroll', look, { passive: true, capture: true })
    window.addEventListener('resize', look)
    return () => {
      window.removeEventListener('scroll', look, { capture: true })
      window.removeEventListener('resize', look)
    }
  }, [list, height])
  return windowOf(top, view, count, height)
}

/** Pure: from what is scrolled away to what is drawn. */
export function windowOf(top: number, view: number, count: number, height: number): Window {
  const first = Math.floor(Math.max(0, top) / height)
  const from = Math.min(Math.max(0, first - overscan), Math.max(0, count - 1))
  return { from, to: Math.min(count, first + Math.ceil(view / height) + overscan) }
}
