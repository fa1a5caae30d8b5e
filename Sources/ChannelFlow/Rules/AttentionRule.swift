internal import Inference
internal import ONNXGraph

/// Attention: each head, or each group of heads with the same keys and values, is computed by itself.
enum AttentionRule {
  private typealias Segment = HeadGroups.Segment

  /// ONNX's `Attention`: q, k, v of [B, H, S, D], or packed as [B, S, H·D].
  static func attention(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let q = try call.input(0).shape, let k = try call.input(1).shape, let v = try call.input(2).shape,
      k.count == q.count, v.count == q.count, q.count == 3 || q.count == 4
    else { return try call.unknownExtents() }
    let isPacked = q.count == 3
    guard let heads = isPacked ? call.int("q_num_heads") : q[1],
      let count = isPacked ? call.int("kv_num_heads") : k[1],
      let sizes = sizes(isPacked ? [(q[2], heads), (k[2], count), (v[2], count)] : []),
      count > 0, heads % count == 0
    else { return try call.unknownExtents() }
    let each = heads / count
    var groups = HeadGroups(call, count: count)
    for (index, perGroup) in [each, 1, 1].enumerated() {
      let size = isPacked ? sizes[index] : 1
      groups.add(index, isPacked ? 2 : 1, Segment(count: perGroup * size))
    }
    groups.add(scores: 3, each: each)
    for index in [4, 5] { groups.add(index, 1, Segment(count: 1)) }
    let own = try groups.joined()
    if call.labels.isChecking, own != nil, isPacked {
      call.dense.node.attributes["q_num_heads"] = .int(Int64(groups.kept(own) * each))
      call.dense.node.attributes["kv_num_heads"] = .int(Int64(groups.kept(own)))
    }
    let place = isPacked ? 1 : 2
    let (size, width) = isPacked ? (sizes[0], sizes[2]) : (q[3], v[3])
    let past = call.optional(4)?.shape?.dropFirst(2).first ?? 0
    let keys = past + k[place]
    let y = isPacked ? [q[0], q[1], heads * width] : [q[0], heads, q[2], width]
    return [
      value(y, isPacked ? 2 : 1, own?.repeated(each * (isPacked ? width : 1))),
      value([q[0], count, keys, size], 1, own), value([q[0], count, keys, width], 1, own),
      value([q[0], heads, q[place], keys], 1, own?.repeated(each)),
    ]
  }

  /// ONNX Runtime's `MultiHeadAttention`; keys and values can be packed into other inputs, or be given by heads.
  static func multiHead(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let q = try call.input(0).shape, let heads = call.int("num_heads"), (1...1 << 20).contains(heads),
      call.optional(9) == nil
    else { return try call.unknownExtents() }
    let (k, v) = (call.optional(1)?.shape, call.optional(2)?.shape)
    let (size, width, length): (Int, Int, Int)
    var groups = HeadGroups(call, count: heads)
    switch (q.count, k?.count, v?.count) {
    case (5, nil, nil):
      (size, width, length) = (q[4], q[4], q[1])
      groups.add(0, 2, Segment(count: 1))
    case (3, 5?, nil):
      guard let k else { return try call.unknownExtents() }
      (size, width, length) = (k[4], k[4], k[1])
      groups.add(0, 2, Segment(count: size))
      groups.add(1, 2, Segment(count: 1))
    case (3, 4?, 4?):
      guard let k, let v else { return try call.unknownExtents() }
      (size, width, length) = (k[3], v[3], k[2])
      groups.add(0, 2, Segment(count: size))
      for index in 1...2 { groups.add(index, 1, Segment(count: 1)) }
    case (3, 3?, 3?):
      guard let k, let v, k[2] % heads == 0, v[2] % heads == 0 else { return try call.unknownExtents() }
      (size, width, length) = (k[2] / heads, v[2] / heads, k[1])
      for (index, count) in [size, size, width].enumerated() { groups.add(index, 2, Segment(count: count)) }
    default: return try call.unknownExtents()
    }
    groups.add(
      3, 0, Segment(count: size), Segment(start: heads * size, count: size),
      Segment(start: 2 * heads * size, count: width))
    groups.add(scores: 5, each: 1)
    for index in [6, 7] { groups.add(index, 1, Segment(count: 1)) }
    let own = try groups.joined()
    if call.labels.isChecking, own != nil {
      call.dense.node.attributes["num_heads"] = .int(Int64(groups.kept(own)))
    }
    let past = call.optional(6)?.shape?.dropFirst(2).first
    let keys = call.optional(8) != nil ? nil : (past ?? 0) + length
    return [
      value([q[0], q[1], heads * width], 2, own?.repeated(width)),
      value(keys.map { [q[0], heads, $0, size] }, 1, own),
      value(keys.map { [q[0], heads, $0, width] }, 1, own),
      value(keys.map { [q[0], heads, q[1], $0] }, 1, own),
    ]
  }

  /// ONNX Runtime's `GroupQueryAttention`; keys and values can be packed into input 0.
  static func groupQuery(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let q = try call.input(0).shape, q.count == 3, let heads = call.int("num_heads"),
      let count = call.int("kv_num_heads"), (1...1 << 20).contains(heads), (1...heads).contains(count),
      heads % count == 0
    else { return try call.unknownExtents() }
    let each = heads / count
    let isPacked = call.optional(1) == nil
    let size = q[2] / (isPacked ? heads + 2 * count : heads)
    var groups = HeadGroups(call, count: count)
    let own = Segment(count: each * size)
    if isPacked {
      groups.add(
        0, 2, own, Segment(start: heads * size, count: size),
        Segment(start: (heads + count) * size, count: size))
    } else {
      groups.add(0, 2, own)
      for index in 1...2 {
        guard call.optional(index)?.shape?.count == 3 else { return try call.unknownExtents() }
        groups.add(index, 2, Segment(count: size))
      }
    }
    for index in [3, 4] { groups.add(index, 1, Segment(count: 1)) }
    groups.add(scores: 10, each: each)
    groups.add(11, 0, Segment(count: each))
    let labels = try groups.joined()
    if call.labels.isChecking, labels != nil {
      call.dense.node.attributes["num_heads"] = .int(Int64(groups.kept(labels) * each))
      call.dense.node.attributes["kv_num_heads"] = .int(Int64(groups.kept(labels)))
    }
    // The length of the caches depends on input 6.
    let greatest = call.integers(6)?.first
    let room = greatest.map { max(call.optional(3)?.shape?.dropFirst(2).first ?? 0, $0) }
    let cache = value(room.map { [q[0], count, $0, size] }, 1, labels)
    return [
      value([q[0], q[1], heads * size], 2, labels?.repeated(each * size)), cache, cache,
      value(greatest.map { [q[0], heads, q[1], $0] }, 1, labels?.repeated(each)),
    ]
  }

  /// ONNX Runtime's `Attention`: one weight makes queries, keys and values.
  static func projected(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let x = try call.input(0).shape, x.count == 3, let w = try call.input(1).shape, w.count == 2,
      w[0] == x[2], let heads = call.int("num_heads"), (1...1 << 20).contains(heads)
    else { return try call.unknownExtents() }
    let given = call.ints("qkv_hidden_sizes") ?? []
    let all = given.isEmpty ? [Int](repeating: w[1] / 3, count: 3) : given
    guard all.count == 3, all[0] == all[1], all.allSatisfy({ (0...w[1]).contains($0) && $0 % heads == 0 }),
      all.reduce(0, +) == w[1]
    else { return try call.unknownExtents() }
    let (size, width) = (all[0] / heads, all[2] / heads)
    if call.optional(0)?.isRaw == true, !call.context.options.cutsFirst {
      call.fix(try call.labels(1, 1), "\(call.node.shown) is a first layer")
    }
    try call.contract(0, 2, 1, 0)
    var groups = HeadGroups(call, count: heads)
    for (index, dimension) in [(1, 1), (2, 0)] {
      groups.add(
        index, dimension, Segment(count: size), Segment(start: all[0], count: size),
        Segment(start: 2 * all[0], count: width))
    }
    groups.add(4, 2, Segment(count: 1))
    groups.add(scores: 5, each: 1)
    groups.consumes(FlowPlace(index: 0, dimension: 2), FlowPlace(index: 1, dimension: 0))
    let own = try groups.joined()
    if call.labels.isChecking, own != nil {
      let kept = groups.kept(own)
      call.dense.node.attributes["num_heads"] = .int(Int64(kept))
      if !given.isEmpty {
        call.dense.node.attributes["qkv_hidden_sizes"] = .ints([size, size, width].map { Int64($0 * kept) })
      }
    }
    let isBuffer = call.int("past_present_share_buffer") == 1
    let past = call.optional(4)?.shape?.dropFirst(3).first ?? 0
    return [
      value([x[0], x[1], heads * width], 2, own?.repeated(width)),
      value([2, x[0], heads, isBuffer ? past : past + x[1], size], 2, own),
    ]
  }

  static func rotary(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    try rotary(call, heads: call.int("num_heads"))
  }

  /// Without a number of heads, their size is that of the table of cosines.
  static func rotaryOfRuntime(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    if let heads = call.int("num_heads"), heads != 0 { return try rotary(call, heads: heads) }
    let half = call.optional(2)?.shape?.last
    let width = try call.input(0).shape?.last
    guard let half, let width, half > 0, half < 1 << 24 else { return try call.unknownExtents() }
    return try rotary(call, heads: max(1, width / (2 * half)))
  }

  private static func rotary(_ call: FlowCall, heads: Int?) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape, shape.count == 3 || shape.count == 4 else {
      return try call.unknownExtents()
    }
    let isPacked = shape.count == 3
    guard let count = isPacked ? heads : shape[1], count > 0, !isPacked || shape[2] % count == 0 else {
      return try call.unknownExtents()
    }
    let size = isPacked ? shape[2] / count : 1
    var groups = HeadGroups(call, count: count)
    groups.add(0, isPacked ? 2 : 1, Segment(count: size))
    let own = try groups.joined()
    if call.labels.isChecking, own != nil, call.int("num_heads") ?? 0 > 0 {
      call.dense.node.attributes["num_heads"] = .int(Int64(groups.kept(own)))
    }
    call.keepsZeros = true
    return [value(shape, isPacked ? 2 : 1, own?.repeated(size))]
  }

  /// `GatedRMSNorm`: the scale's extent is the size of a group.
  static func gatedNorm(_ call: FlowCall) throws(FlowError) -> [FlowValue] {
    guard let shape = try call.input(0).shape, let last = shape.indices.last,
      let size = try call.input(1).shape?.first, size > 0, shape[last] % size == 0,
      try call.input(2).shape == shape
    else { return try call.unknownExtents() }
    var groups = HeadGroups(call, count: shape[last] / size)
    for index in [0, 2] { groups.add(index, last, Segment(count: size)) }
    return [value(shape, last, try groups.joined()?.repeated(size))]
  }

  private static func sizes(_ packed: [(extent: Int, heads: Int)]) -> [Int]? {
    var sizes: [Int] = []
    for (extent, heads) in packed {
      guard (1...1 << 20).contains(heads), extent % heads == 0 else { return nil }
      sizes.append(extent / heads)
    }
    return sizes
  }

  private static func value(_ shape: [Int]?, _ dimension: Int, _ labels: [ChannelLabel]?) -> FlowValue {
    var value = FlowValue(shape)
    if shape != nil { value.factors = LabelFactor.list(labels, dimension) }
    return value
  }
}
