-- Written by wiki-etl. What a character of a request is without case, for the characters of this map.
return {
    ["ß"] = "ss",
    ["ſ"] = "s",
    ["ẞ"] = "ss",
    ["ﬀ"] = "ff",
    ["ﬁ"] = "fi",
    ["ﬂ"] = "fl",
    ["ﬃ"] = "ffi",
    ["ﬄ"] = "ffl",
    ["ﬅ"] = "st",
    ["ﬆ"] = "st",
}
