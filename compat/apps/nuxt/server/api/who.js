export default defineEventHandler((event) => {
  const { userId, sessionId, actor } = event.context.auth()
  return { user: userId ?? '', session: sessionId ?? '', agent: actor?.sub ?? '' }
})
