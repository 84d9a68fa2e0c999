// This process's own environment, for packages that read their settings there.
export async function withEnvironment(values, body) {
  const before = { ...process.env }
  Object.assign(process.env, values)
  try {
    return await body()
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
  }
}
