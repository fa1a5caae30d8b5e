internal import StrictJSON
internal import Tensors
internal import UnitModel

extension ConfigurationCheck {
  /// Compares dimension 0 of tensors with a sum of products of keys.
  mutating func check(_ rows: Architecture.Rows, under prefix: String?) {
    let tensors = index.matches(rows.suffix, under: prefix)
    if tensors.isEmpty { return }
    // Relatives in one document have some of its keys: BART has no max_source_positions.
    let isThere = rows.terms.joined().joined().contains {
      numbers.value($0) != nil || defaults?[$0] != nil
    }
    if !isThere, !rows.isVocabulary { return }
    var sum: Int? = 0
    for term in rows.terms {
      var product: Int? = 1
      for keys in term {
        let key = self.key(of: keys)
        guard let factor = number(key, in: nil) else { return }
        product = product.flatMap { Self.product($0, factor) }
      }
      sum = sum.flatMap { a in product.flatMap { b in Self.sum(a, b) } }
    }
    let keys = rows.terms.map {
      $0.map(key).joined(separator: " * ")
    }
    let extents = tensors.map { CutExtent(suffix: rows.suffix, item: "", spec: $0, place: 0) }
    report(
      extents.filter { $0.extent != sum }, of: extents.count, expected: sum,
      key: keys.joined(separator: " + "))
  }

  /// Compares the tensors of a group with the keys that give its width or its heads.
  mutating func check(_ group: Architecture.Group, of architecture: Architecture, under prefix: String) {
    let found = group.tensors.flatMap { suffix, text in
      index.matches(suffix, under: prefix).map { (suffix: suffix, text: text, spec: $0) }
    }
    if found.isEmpty { return }
    let wrong = found.filter { $0.text.count { $0 == "," } + 1 != $0.spec.shape.count }
    report(
      wrong.map(\.spec), at: { .tensor($0.name) },
      { _ in "\(wrong[0].text.count { $0 == "," } + 1) dimensions" },
      { "shape \($0.shape)" })
    let tensors = found.filter { $0.text.count { $0 == "," } + 1 == $0.spec.shape.count }.flatMap { item in
      item.text.split(separator: ",", omittingEmptySubsequences: false).enumerated()
        .filter { $0.element != "-" }
        .map { CutExtent(suffix: item.suffix, item: String($0.element), spec: item.spec, place: $0.offset) }
    }
    guard let heads = group.heads else {
      checkWidth(tensors, of: group)
      return
    }
    let stated = Set(architecture.rows.map(\.suffix))
    check(
      heads, tensors.filter { $0.place != 0 || !stated.contains($0.suffix) }, of: group, under: prefix)
  }

  /// Compares the channels of feed-forward layers with the width.
  private mutating func checkWidth(_ tensors: [CutExtent], of group: Architecture.Group) {
    if let widthKey = group.widthKey, !group.listTypes.isEmpty,
      case .array(let list)? = numbers.value(widthKey, in: group.object)
    {
      checkWidths(tensors, list, widthKey)
      return
    }
    guard let widthKey = group.widthKey, var width = number(widthKey, in: group.object) else { return }
    if let timesKey = group.timesKey, let times = number(timesKey, in: group.object) {
      width = Self.product(width, times) ?? .max
    }
    let times = group.timesKey.map { " * \($0)" } ?? ""
    report(
      tensors.filter { Self.product(width, $0.repeats) != $0.extent }, of: tensors.count, expected: width,
      key: Self.path(widthKey, in: group.object) + times)
  }

  /// Compares the channels of feed-forward layers with a list of widths, one for each layer.
  private mutating func checkWidths(_ tensors: [CutExtent], _ list: [JSONValue], _ key: String) {
    for tensor in tensors {
      guard let layer = tensor.layer, list.indices.contains(layer), case .integer(let width) = list[layer]
      else {
        continue
      }
      if Int(exactly: width).flatMap({ Self.product($0, tensor.repeats) }) != tensor.extent {
        report(
          .tensor(tensor.spec.name),
          "\(width), entry \(layer) of \(key) in config.json, in dimension \(tensor.place)",
          "shape \(tensor.spec.shape)")
      }
    }
  }

  /// Compares the rows of attention layers with the numbers of heads and the width of a head.
  private mutating func check(
    _ heads: Architecture.Heads, _ tensors: [CutExtent], of group: Architecture.Group, under prefix: String
  ) {
    guard let countKey = heads.countKey, let count = number(countKey, in: group.object),
      let query = tensors.first
    else { return }
    func place(_ key: String) -> Disagreement.Place { .key(Self.path(key, in: group.object)) }
    var keys: Int? = count
    if let key = heads.keyCountKey {
      // Loaders that have no number of their own take as many as query heads.
      let isKnown = has(key, in: group.object)
      keys = isKnown ? number(key, in: group.object) : defaults == nil ? nil : count
    }
    guard count > 0, keys ?? 1 > 0 else {
      report(place(count > 0 ? heads.keyCountKey ?? countKey : countKey), "at least one head", "0")
      return
    }
    if let keys, count % keys != 0 {
      // The arithmetic of two keys is reported already.
      if let key = heads.keyCountKey {
        let path = Self.path(key, in: group.object)
        if defaulted[path] != nil {
          report(.key(path), "a number that divides \(countKey) \(count)", words("\(keys)", of: path))
        }
      }
      return
    }
    if heads.dividesHidden.contains(numbers.text("model_type") ?? ""),
      let hidden = numbers.integer("hidden_size", in: group.object), hidden % count != 0
    {
      report(place(countKey), "a number that divides hidden_size \(hidden)", words("\(count)", of: countKey))
    }
    let stored = heads.widthKey.flatMap { key in
      has(key, in: group.object) ? number(key, in: group.object) : nil
    }
    // A model whose heads cannot be fewer may have a width all the same; what reads heads has another size then.
    let fixed =
      heads.widthKey == nil && has("head_dim", in: group.object)
      ? number("head_dim", in: group.object) : nil
    let tensors = fixed == nil ? tensors : tensors.filter { $0.place == 0 }
    let parts = query.parts(queries: count, keys: keys ?? count)
    guard parts > 0, query.extent > 0, query.extent % parts == 0 else {
      report(
        place(countKey), "a number of equal parts of \(Self.extent(query.place, of: query.spec))",
        words("\(count)", of: countKey))
      return
    }
    let width = stored ?? fixed ?? computedWidth(count, in: group.object) ?? query.extent / parts
    guard width > 0 else {
      report(place(heads.widthKey ?? countKey), "heads of at least one channel", "\(width)")
      return
    }
    let said = words("\(width)", of: stored == nil ? countKey : heads.widthKey ?? countKey)
    let norms = heads.norm.map { index.matches($0, under: prefix) } ?? []
    report(
      norms.filter { $0.shape != [width] && $0.shape.first != query.extent },
      at: { _ in place(stored == nil ? countKey : heads.widthKey ?? countKey) },
      { "heads of width \($0.shape), the shape of tensor \($0.name.quoted)" }, { _ in said })
    func isWrong(_ tensor: CutExtent) -> Bool {
      let own = tensor.item.contains("?") ? count : tensor.parts(queries: count, keys: keys ?? count)
      let asQueries = Self.product(own, width).flatMap { Self.product($0, tensor.repeats) }
      if tensor.suffix == query.suffix || !tensor.item.contains("?") { return asQueries != tensor.extent }
      let asKeys = keys.flatMap { Self.product($0, width) }.flatMap { Self.product($0, tensor.repeats) }
      if tensor.suffix == heads.key {
        return keys == nil ? tensor.extent % width != 0 : asKeys != tensor.extent
      }
      return ![asQueries, asKeys, keys == nil ? tensor.extent : nil, count].contains(tensor.extent)
    }
    let wrong = tensors.filter(isWrong)
    let names = [countKey, heads.keyCountKey, stored == nil ? nil : heads.widthKey].compactMap(\.self)
    let values = [count, keys, stored].compactMap { $0.map(String.init) }.joined(separator: ", ")
    let reported = words(
      values + (stored == nil ? "; heads of width \(width)" : ""), of: names.joined(separator: ", "))
    report(
      wrong.map(\.spec), at: { _ in place(names.joined(separator: ", ")) },
      { "heads × width equal to \(Self.extent(wrong[0].place, of: $0))" }, { _ in reported })
  }

  /// The first of several names of a number that config.json has, or for which loaders have a number of their own.
  func key(of names: [String]) -> String {
    names.first { numbers.value($0) != nil } ?? names.first { defaults?[$0] != nil } ?? names[0]
  }

  /// Whether config.json has a key, or loaders have a number of their own for it.
  private func has(_ key: String, in object: String?) -> Bool {
    numbers.value(key, in: object) != nil || defaults?[Self.path(key, in: object)] != nil
  }

  /// The width of a head that loaders compute if there is no key for it; nil if the model type's own numbers are not
  /// known.
  private func computedWidth(_ count: Int, in object: String?) -> Int? {
    guard defaults != nil, let hidden = numbers.integer("hidden_size", in: object), hidden >= count
    else {
      return nil
    }
    return hidden / count
  }

  static func extent(_ place: Int, of spec: TensorSpec) -> String {
    guard spec.shape.indices.contains(place) else {
      return "the rows of tensor \(spec.name.quoted), a scalar"
    }
    return "\(spec.shape[place]), dimension \(place) of tensor \(spec.name.quoted)"
  }

  /// A product; nil if it does not fit.
  static func product(_ a: Int, _ b: Int) -> Int? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : product
  }

  private static func sum(_ a: Int, _ b: Int) -> Int? {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : sum
  }
}

/// A dimension of a tensor that lies on a channel axis, and its text in the architecture's document.
struct CutExtent {
  let suffix: String
  let item: String
  let spec: TensorSpec
  let place: Int

  /// The number of the layer in the name; nil if it has none.
  var layer: Int? {
    NamePattern("*" + suffix)?.match(spec.name.text)?.components.first.flatMap { Int($0) }
  }

  /// 0 if the tensor has too few dimensions.
  var extent: Int { spec.shape.indices.contains(place) ? spec.shape[place] : 0 }

  /// The number of times that the dimension has each channel or position: 3 in `3*heads{}*?`, 2 in `ffn{}*2`.
  var repeats: Int {
    if item.isEmpty { return 1 }
    guard case .axis(let use)? = try? CutOption.dimensions(item.replacing("?", with: "1"), of: item).first
    else { return 1 }
    return max(1, use.inner * use.outer)
  }

  /// The number of heads in the dimension, of queries, keys and values together.
  func parts(queries: Int, keys: Int) -> Int {
    if item.contains("?") { return ConfigurationCheck.product(queries, repeats) ?? 0 }
    var parts: Int? = 0
    for letter in item where letter == "Q" || letter == "K" {
      let heads = letter == "Q" ? queries : keys
      parts = parts.flatMap { $0.addingReportingOverflow(heads).overflow ? nil : $0 + heads }
    }
    return parts ?? 0
  }
}
