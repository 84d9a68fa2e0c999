'use client'

import { Show, useAuth } from '@clerk/nextjs'

/** The same as clerk-js in the page sees it. */
export function Shown() {
  const { isLoaded, has } = useAuth()
  if (!isLoaded) return null
  return (
    <>
      <Show when={{ role: 'org:admin' }}><p className="shown">the page: administers</p></Show>
      <Show when={{ permission: 'org:invoices:read' }}><p className="shown">the page: reads</p></Show>
      {has?.({ role: 'org:admin' }) && <p className="shown">useAuth: administers</p>}
      {has?.({ permission: 'org:invoices:read' }) && <p className="shown">useAuth: reads</p>}
    </>
  )
}
