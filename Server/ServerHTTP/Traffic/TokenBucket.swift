/// What somebody may still ask for: refilled at a rate, up to a burst.
struct TokenBucket {
    private var tokens: Double
    private var last: Double

    /// A full one; `now` is in seconds of a clock that only goes forward.
    init(burst: Double, now: Double) { (tokens, last) = (burst, now) }

    /// Takes one, or tells in how many seconds there will be one.
    mutating func take(burst: Double, perSecond: Double, now: Double) -> Double? {
        tokens = min(burst, tokens + max(0, now - last) * perSecond)
        last = now
        guard tokens >= 1 else { return (1 - tokens) / max(perSecond, 0.001) }
        tokens -= 1
        return nil
    }

    /// Whether it would be full by now, so that nothing is lost by forgetting it.
    func isFull(burst: Double, perSecond: Double, now: Double) -> Bool {
        tokens + max(0, now - last) * perSecond >= burst
    }
}

/// A bucket for each of many, of whom those that rest are forgotten.
struct TokenBuckets<Key: Hashable> {
    let burst: Double
    let perSecond: Double
    private var buckets: [Key: TokenBucket] = [:]
    private var room = 1_024

    init(burst: Double, perSecond: Double) { (self.burst, self.perSecond) = (burst, perSecond) }

    /// Takes one of somebody's, or tells in how many seconds there will be one.
    mutating func take(_ key: Key, now: Double) -> Double? {
        if buckets.count > room {
            buckets = buckets.filter {
                !$0.value.isFull(burst: burst, perSecond: perSecond, now: now)
            }
            room = max(1_024, buckets.count * 2)
        }
        return buckets[key, default: TokenBucket(burst: burst, now: now)]
            .take(burst: burst, perSecond: perSecond, now: now)
    }
}
