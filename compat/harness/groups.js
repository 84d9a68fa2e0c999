// Groups of checks, the unit that is repeated. Checks of a group may stand on each other's pages, so one of them alone could
// not be run again; a group opens every page it needs by itself, and can. It is repeated once, after everything else has
// ended, in browser contexts of its own. What belongs to no group (an app that does not start, a request that left the
// machine) is not repeated, and the report says so.
import { report as ofThisRun } from './report.js'

export class Groups {
  constructor(report = ofThisRun) {
    this.report = report
    this.again = []
  }

  // Runs a group for a world. `repeat` is how the whole of it is run again, where that is not the same.
  async run(world, group, repeat = group) {
    const before = this.report.failures(world.subject)
    await this.toItsEnd(world, group, repeat.name)
    if (this.report.failures(world.subject) === before) return
    const listed = this.again.some(other => other.world === world && other.repeat === repeat)
    if (!listed) this.again.push({ world, repeat })
  }

  // Runs the groups that had a failed check once more, one after the other. Everybody else's pages must be closed.
  async repeat() {
    for (const { world, repeat } of this.again.splice(0)) {
      this.report.print(`\nOnce more, alone: ${repeat.name} of ${world.subject.name}, ${world.subject.deployment}`)
      await this.toItsEnd(world, repeat, repeat.name)
      await world.end()
    }
  }

  // An error between two checks fails a check of its own, which a repetition without it passes.
  async toItsEnd(world, group, name) {
    const sentence = `the ${name} checks run to their end`
    try {
      await group(world)
      if (this.report.isOpen(world.subject, sentence)) this.report.attempt(world.subject, sentence, {})
    } catch (error) {
      this.report.broken(world.subject, sentence, error)
    }
  }
}
