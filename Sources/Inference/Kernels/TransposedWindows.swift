/// The windows of a transposed convolution: those of the convolution from its output to its input.
struct TransposedWindows {
  private let call: OperatorCall
  private let attributes: WindowAttributes

  init(_ call: OperatorCall, _ attributes: WindowAttributes) {
    self.call = call
    self.attributes = attributes
  }

  /// Windows with x's extents as `output` and y's as `input`.
  func windows(_ x: [Int]) throws(OperatorError) -> Windows {
    let rank = attributes.kernel.count
    guard x.allSatisfy({ $0 <= WindowAttributes.limit }) else {
      throw OperatorError("extents of at most \(WindowAttributes.limit)", found: shapeText(x))
    }
    let extra = try list("output_padding", rank) ?? [Int](repeating: 0, count: rank)
    var stated = try list("output_shape", rank)
    // Some exporters also give the extents of batch and channels.
    if let shape = stated, shape.count == rank + 2 { stated = Array(shape.dropFirst(2)) }
    var (begin, end, y): ([Int], [Int], [Int]) = ([], [], [])
    for axis in 0..<rank {
      let stride = attributes.strides[axis]
      let reach = (attributes.kernel[axis] - 1) * attributes.dilations[axis] + 1
      let full = max(0, x[axis] - 1) * stride + extra[axis] + reach
      let isSame = attributes.autoPad.hasPrefix("SAME")
      guard stated != nil || isSame else {
        let pads =
          attributes.autoPad == "VALID" ? (0, 0) : (attributes.pads[axis], attributes.pads[rank + axis])
        begin.append(pads.0)
        end.append(pads.1)
        y.append(max(0, full - pads.0 - pads.1))
        continue
      }
      let wanted = stated?[axis] ?? x[axis] * stride
      // If the wanted extent is larger than the full one, the pad at the end becomes negative.
      let total = full - wanted
      let half = total >= 0 ? total / 2 : 0
      begin.append(attributes.autoPad == "SAME_UPPER" ? half : total >= 0 ? total - half : 0)
      end.append(total - begin[axis])
      y.append(wanted)
    }
    return Windows(
      input: y, kernel: attributes.kernel, strides: attributes.strides, dilations: attributes.dilations,
      padsBegin: begin, padsEnd: end, output: x)
  }

  private func list(_ name: String, _ rank: Int) throws(OperatorError) -> [Int]? {
    guard let list = try call.ints(name) else { return nil }
    guard list.count == rank || (name == "output_shape" && list.count == rank + 2),
      list.allSatisfy({ $0 >= 0 && $0 <= WindowAttributes.limit })
    else {
      throw OperatorError(
        "\(rank) numbers of 0 or more", found: shapeText(list), subject: "attribute '\(name)'")
    }
    return list
  }
}
