import { route } from '@react-router/dev/routes'

export default [
  route('dashboard', 'routes/page.jsx', { id: 'dashboard' }),
  route('other', 'routes/page.jsx', { id: 'other' }),
  route('organization', 'routes/organization.jsx'),
  route('invoices', 'routes/invoices.jsx'),
  route('settings', 'routes/settings.jsx'),
  route('api/example', 'routes/example.js'),
]
