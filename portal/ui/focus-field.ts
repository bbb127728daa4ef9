/** Puts the focus on the named field of a form, or on the control that stands for it (a list's button). */
export function focusField(form: HTMLElement | null, name: string): void {
  // After React has drawn the error: the reader hears the field and its error together.
  requestAnimationFrame(() => {
    const field = form?.querySelector<HTMLElement>(`[name="${CSS.escape(name)}"]:not([type="hidden"])`)
    const control = field && field.tabIndex >= 0 && field.closest('[aria-hidden]') === null ? field : null
    const stand = control ?? form?.querySelector<HTMLElement>(`[data-field="${CSS.escape(name)}"] :is(button, input)`)
    stand?.focus()
  })
}
