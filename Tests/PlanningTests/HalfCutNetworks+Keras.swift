extension Network {
  /// A flatten of Keras: channels are the last dimension, so each position has all channels.
  static let kerasFlattened = Network(
    name: "a flatten of Keras",
    cuts: [
      "conv1/kernel=-,-,-,a", "conv1/bias=a", "fc1/kernel=49*a,b", "fc1/bias=b", "fc2/kernel=b,-",
    ]
  ) { width in
    [
      ("conv1/kernel", [3, 3, 3, width + 16]), ("conv1/bias", [width + 16]),
      ("fc1/kernel", [(width + 16) * 49, 20]), ("fc1/bias", [20]), ("fc2/kernel", [20, 10]),
      ("fc2/bias", [10]),
    ]
  }
}
