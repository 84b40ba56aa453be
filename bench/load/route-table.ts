/** The 10,000 paths of scenario `routes-10k`: a hundred teams with ten services of ten resources each. */

export const ROUTE_COUNT = 10_000

export interface TableRoute {
  readonly name: string
  readonly path: string
}

export function routeTable(): TableRoute[] {
  return Array.from({ length: ROUTE_COUNT }, (_, i) => {
    const team = Math.floor(i / 100)
    const service = Math.floor(i / 10) % 10
    return { name: `r${i}`, path: `/team-${team}/service-${service}/resource-${i % 10}` }
  })
}

/** `count` of them, spread evenly over the table; each with a part that the route does not name. */
export function pathsOfTable(count: number): string[] {
  const table = routeTable()
  const step = Math.floor(table.length / count)
  return Array.from({ length: count }, (_, i) => `${table[i * step]?.path}/items?page=3`)
}
