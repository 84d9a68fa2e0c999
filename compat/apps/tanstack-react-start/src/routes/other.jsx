import { createFileRoute } from '@tanstack/react-router'
import { page } from '../page.jsx'

export const Route = createFileRoute('/other')(page())
