internal import ONNXGraph

/// y = ((data − zero_points) · scales)[.., indices[i…], ..], gathered along `gather_axis` (0); zeros for an index outside
/// the axis
///
/// data: I4, U4, U8 with elements of `bits` bits (4; also 2 and 8), packed along the last axis, low bits first, or signed
/// floats of four and eight bits; indices: INT32 or INT64; scales: F32, F16 or BF16, [..] as data, but ⌈n / block_size⌉
/// blocks along `quantize_axis` (1); zero_points: as scales, of data's type and packed as data (0; for U8 2^(bits − 1); none
/// for floats) → y: of scales' type.
///
/// `block_size` (128) is a power of 2, at least 16; for floats also 0, which makes one block, and an extent of scales may
/// be 1. U8 has `gather_axis` 0 and the last axis as `quantize_axis`. Source: com.microsoft `GatherBlockQuantized`,
/// version 1.
enum GatherBlockQuantized: MicrosoftOperator {
  static func evaluate(_ call: OperatorCall) throws(OperatorError) -> [Tensor] {
    let (given, scales) = (try call.input(0), try call.input(2))
    let isFloat = given.type.isSignedSmallFloat
    guard isFloat || [.int4, .uint4, .uint8].contains(given.type) else {
      throw call.wrong(0, "I4, U4, U8 or floats of at most eight bits", found: given.type.name)
    }
    guard scales.type.isFloat else {
      throw call.wrong(2, "floating-point elements", found: scales.type.name)
    }
    let gather = try call.axis(try call.int("gather_axis") ?? 0, rank: given.rank)
    let quantise = try call.axis(try call.int("quantize_axis") ?? 1, rank: given.rank)
    let packing = try PackedWeights(
      call, bits: given.type == .uint8 ? nil : 8, block: 128, allowsWhole: isFloat)
    if given.type == .uint8, gather != 0 || quantise != given.rank - 1 || gather == quantise {
      throw OperatorError(
        "gather_axis 0 and quantize_axis \(given.rank - 1) for U8", found: "\(gather) and \(quantise)")
    }
    let shape = packing.shape(unpacking: given.shape)
    let block = packing.block == 0 ? max(1, shape[quantise]) : packing.block
    var expected = shape
    expected[quantise] = PackedWeights.blocks(shape[quantise], block)
    let fits =
      isFloat
      ? scales.rank == shape.count && scales.shape[quantise] == expected[quantise]
        && Layout.broadcasts(scales.shape, to: expected)
      : scales.shape == expected
    guard fits else { throw call.wrong(2, shapeText(expected), found: shapeText(scales.shape)) }
    var full = scales
    if full.shape != expected {
      try call.budget.spend(expected)
      full = try StridedCopy.gathered(
        call, scales, shape: expected, offset: 0, strides: Layout.strides(scales.shape, as: expected))
    }
    // Packed bytes are unpacked after gathering: the table can be a large vocabulary.
    let indices = try Indices(call, 1, extent: shape[gather], refusesOthers: false)
    let group = gather == quantise ? block : 1
    var zero: Tensor?
    if let points = call.optional(3) {
      var packed = expected
      packed[quantise] = PackedWeights.blocks(expected[quantise], 8 / packing.bits)
      guard !isFloat, points.type == given.type, points.shape == packed else {
        throw call.wrong(
          3, isFloat ? "no zero points" : "\(given.type.name) \(shapeText(packed))",
          found: "\(points.type.name) \(shapeText(points.shape))")
      }
      let chosen = try Gather.gathered(call, points, axis: gather, indices, group: group)
      zero = try packing.unpacked(call, chosen, last: expected.last)
    }
    let elements = try packing.unpacked(call, try Gather.gathered(call, given, axis: gather, indices))
    // If each index has its own block, each element has its own scale.
    let axis = gather == quantise ? 0 : quantise < gather ? quantise : quantise + indices.shape.count - 1
    let quantisation = Quantisation(
      scale: try Gather.gathered(call, full, axis: gather, indices, group: group), zero: zero,
      centre: given.type == .uint8 ? Double(1 << (packing.bits - 1)) : 0, axis: axis,
      block: gather != quantise ? block : elements.rank == 0 ? 0 : 1)
    return [try quantisation.real(call, elements, as: scales.type)]
  }
}
