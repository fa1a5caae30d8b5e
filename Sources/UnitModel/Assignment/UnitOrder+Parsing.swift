internal import StrictJSON

extension UnitOrder {
  /// The orders in a document: an object with a list of units for each task, as in `{"fine": [0, 2, 1, 3]}`. For a task
  /// with orders of axes, `{"fine": {"order": [0, 2, 1, 3], "axes": {"stage1": [2, 0, 1, 3]}}}`.
  ///
  /// Throws `PlanError` with the place of the first defect.
  public static func parse(_ bytes: [UInt8]) throws(PlanError) -> [UnitOrder] {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser(sizeLimit: sizeLimit).parse(bytes) } catch {
      throw .json(error)
    }
    let document = PlanNode(value: value, place: "")
    var orders: [UnitOrder] = []
    for member in try document.members().members {
      let node = document.named(member.key, member.value)
      guard case .object = member.value else {
        orders.append(UnitOrder(task: TaskID(member.key), order: try units(node)))
        continue
      }
      let object = try node.object(allowing: ["order", "axes"])
      var axes: [AxisName: [UnitID]] = [:]
      if let own = object.optional("axes") {
        for axis in try own.members().members {
          axes[AxisName(axis.key)] = try units(own.named(axis.key, axis.value))
        }
      }
      orders.append(
        UnitOrder(task: TaskID(member.key), order: try units(try object.required("order")), axes: axes))
    }
    return orders
  }

  /// The largest document in bytes.
  public static let sizeLimit = 16 << 20

  private static func units(_ node: PlanNode) throws(PlanError) -> [UnitID] {
    var units: [UnitID] = []
    for item in try node.array() {
      units.append(UnitID(try item.integer(in: 0...Partition.unitLimit - 1, "the number of a unit")))
    }
    return units
  }
}
