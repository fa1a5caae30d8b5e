extension Int {
  /// The digits with a comma between thousands, for numbers of bytes in messages: "1,452,672".
  ///
  /// `Tensors` has the same for other modules; this module does not import it.
  var grouped: String {
    var text = ""
    for (place, digit) in String(magnitude).reversed().enumerated() {
      if place > 0 && place % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (self < 0 ? "-" : "") + String(text.reversed())
  }
}
