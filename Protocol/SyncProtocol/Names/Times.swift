/// A time in milliseconds since 1970, as far from now as arithmetic can bear.
///
/// No clock is refused, and none can stop a program.
public func bounded(time: Int64) -> Int64 { min(max(time, -1 << 52), 1 << 52) }
