// Links that must not sign anybody in, with the code that says why.
import assert from 'node:assert/strict'
import { served, visit } from '../harness/browser.js'

export async function refusals(world) {
  await world.check('a second visit of a link is refused: agent_task_already_used', async () => {
    const task = await world.task()
    const first = await visit(await world.person(), task.url)
    assert.equal((await served(first.page)).user, world.user.id)
    await refused(world, task.url, 'agent_task_already_used')
  })
  await world.check('an invented ticket is refused: ticket_invalid_code', async () => {
    const url = new URL((await world.task()).url)
    url.searchParams.set('ticket', 'A'.repeat(url.searchParams.get('ticket').length))
    await refused(world, url.href, 'ticket_invalid_code')
  })
  await world.check('the link of a revoked task is refused: agent_task_revoked', async () => {
    const task = await world.task()
    await world.clerk.agentTasks.revoke(task.agentTaskId)
    await refused(world, task.url, 'agent_task_revoked')
  })
  await world.check('a task that would land on a foreign site is refused: redirect_url_domain_mismatch', async () => {
    await assert.rejects(world.task({ redirectUrl: 'https://elsewhere.example/dashboard' }), error => {
      assert.deepEqual([error.status, error.errors[0].code], [422, 'redirect_url_domain_mismatch'])
      return true
    })
  })
}

// The link answers with the code, and whoever tried it is still a stranger to the app.
async function refused(world, url, code) {
  const context = await world.person()
  const { page: sorry, response } = await visit(context, url)
  assert.deepEqual([response.status(), await sorry.locator('small').textContent()], [400, code])
  await sorry.setViewportSize({ width: 400, height: 600 })
  assert.equal(await sorry.evaluate(() => document.documentElement.scrollWidth), 400)
  const { page } = await visit(context, world.dashboard)
  assert.equal((await served(page)).user, '')
  await context.close()
}
