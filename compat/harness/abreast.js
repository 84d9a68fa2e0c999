// Several at a time, since most of what is done here is waiting; results in the order of the items.
export async function abreast(width, items, body) {
  const results = []
  const left = [...items.entries()]
  await Promise.all(Array.from({ length: width }, async () => {
    while (left.length) {
      const [index, item] = left.shift()
      results[index] = await body(item)
    }
  }))
  return results
}
