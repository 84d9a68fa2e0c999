// One application for each library, the same for the checks.
if (import.meta.env.VITE_PAGE === 'vue') await import('./vue.js')
else await import('./react.jsx')
