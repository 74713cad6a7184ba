internal import Terminal

/// What `check` found wrong, in words.
enum FlawWords {
    /// What a code means and, where somebody can do something about it, what; the code itself where nobody knows it.
    static func words(for code: String) -> String {
        for known in [whole(code), row(code), record(code), history(code)] {
            if let known { return known }
        }
        return code
    }

    /// Of files, chains and areas.
    private static func whole(_ code: String) -> String? {
        switch code {
        case "file_damaged": say("数据库文件损坏，请由备份恢复", "the file is damaged: restore a backup")
        case "change_missing": say("变更链中缺一条变更", "a change of the chain is missing")
        case "payload_altered": say("变更内容与当时的摘要不符", "a change's bytes are not those accepted")
        case "head_differs": say("链尾与设备所述不符", "a chain does not end where its device left it")
        case "digest_differs":
            say(
                "摘要与记录不符：先与设备上的副本核对，确认记录无误后再用 --mend 重算",
                "the digest is not what the rows add up to: compare with a device first; --mend takes the rows for right"
            )
        case "record_misplaced":
            say("记录不在它所说的位置", "records stand where they do not say that they do")
        case "record_missing": say("区划中缺少应有的记录", "records are missing from the area's feed")
        case "chains_unwalked":
            say("有设备或变更无法读取，未能核对变更链", "chains were not walked: a device or change is unreadable")
        case "areas_unwalked":
            say("有记录或区划无法读取，未能核对各区", "areas were not walked: a record, area or place is unreadable")
        case "access_broken":
            say("查阅日志被改动或缺失", "the log of readings was altered, or misses an entry")
        default: nil
        }
    }

    /// Of rows, and of what they name.
    private static func row(_ code: String) -> String? {
        switch code {
        case "row_unreadable": say("该行内容无法读取（所列各列）", "a row's columns cannot be read")
        case "device_missing": say("所属设备不在设备表中", "the device that a row names is missing")
        case "device_id_differs": say("设备编号与其公钥不符", "a device's id is not that of its key")
        case "enrolment_missing":
            say("缺少设备当初的登记", "the enrolment by which a device came is missing")
        case "area_missing": say("所属区划不在区划表中", "the area that a row names is missing")
        case "area_behind": say("区划的位置计数落后于其内容", "an area's count is behind what stands in it")
        case "record_unknown": say("所指记录不存在", "the record that a row names is missing")
        case "change_unknown":
            say("所指变更不存在或不相符", "the change that a row names is missing or another")
        case "feed_differs": say("动态与记录所述位置不符", "an entry is not where its record says it stands")
        case "reference_missing":
            say("缺少记录的引用索引", "a reference of a record is missing from the index")
        case "reference_unsaid":
            say("引用索引中有记录未说的引用", "the index has a reference that no record makes")
        default: nil
        }
    }

    /// Of records and their conflicts.
    private static func record(_ code: String) -> String? {
        switch code {
        case "body_differs":
            say("内容与历史中最后所说不符", "a record says something else than its last writers did")
        case "revision_differs": say("版本号与历史不符", "revisions are not those of the history")
        case "type_differs": say("记录类型与历史不符", "a record's type is not that of its history")
        case "erasure_differs":
            say("抹除标记与历史不符", "whether a record was erased is not what its history says")
        case "redirect_differs": say("并入去向与历史不符", "a record does not point where its history says")
        case "stamps_differ":
            say("记录的时间或删除标记与其戳记不符", "a record's clock or deletion is not that of its stamps")
        case "conflicts_miscounted":
            say("待裁决冲突数不符", "a record's open conflicts are not as many as it says")
        case "conflict_differs":
            say("冲突各列与其内容不符", "a conflict's columns are not what its body says")
        case "conflict_missing": say("变更引起的冲突不存在", "the conflict that a change brought is missing")
        default: nil
        }
    }

    /// Of changes.
    private static func history(_ code: String) -> String? {
        switch code {
        case "payload_differs": say("变更内容与其摘要或抹除标记不符", "a change's bytes are not those of its hash")
        case "change_record_differs": say("变更所属记录与其内容不符", "a change is filed under another record")
        case "epoch_unknown": say("变更的纪元从未有过", "a change is of an epoch that there never was")
        case "undo_differs": say("变更前的内容无法还原", "what was before a change cannot be told")
        default: nil
        }
    }
}
