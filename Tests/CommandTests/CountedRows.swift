import StrictJSON

/// The parameters of each row in the first table that `count --json` printed: `digits 2`, or `stored`.
func countedParameters(_ report: JSONObject) -> [String: Int64] {
  guard case .array(let policies)? = report["policies"], case .object(let table)? = policies.first,
    case .array(let rows)? = table["rows"]
  else { return [:] }
  var found: [String: Int64] = [:]
  for row in rows {
    guard case .object(let row) = row, case .integer(let parameters)? = row["parameters"] else { continue }
    if case .string(let task)? = row["task"], case .integer(let level)? = row["level"] {
      found["\(task) \(level)"] = parameters
    } else {
      found["stored"] = parameters
    }
  }
  return found
}
