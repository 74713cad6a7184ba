#!/bin/sh
# The main job on the embedded store, from a ledger to a merged record. Ends by itself and leaves
# nothing running. Usage: Demo/demo.sh FOLDER-OF-THE-PROGRAMS [LEDGER]
set -eu
programs=$1
ledger=${2:-$(dirname "$0")/../Tests/ResidenceDomainTests/Fixtures/ledger.csv}
work=$(mktemp -d)
daemon=
export LOG_LEVEL=warning

stop() { [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; }; daemon=; }
trap 'stop; rm -rf "$work"' EXIT INT TERM

serve() {
    : >"$work/serve.log"
    "$programs/residence-syncd" serve --data "$work/server" --listen "127.0.0.1:$1" \
        >"$work/serve.log" 2>&1 &
    daemon=$!
    for _ in $(seq 100); do
        address=$(sed -n 's/.*\(https*:[^ ]*\).*/\1/p' "$work/serve.log")
        [ -z "$address" ] || return 0
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/serve.log" >&2
    exit 1
}
title() { printf '\n\033[1m%s\033[0m\n' "$1"; }
on() { device=$1; shift; echo "\$ residence --data $device $*"; "$programs/residence" --data "$work/$device" "$@"; }
enrol() {
    link=$("$programs/residence-syncd" device add --data "$work/server" --name "$1" --area "$2" --role "$3" --json |
        sed -n 's/.*"link" : "\(.*\)".*/\1/p')
    "$programs/residence" --data "$work/$1" enroll "$link"
}

title "1  服务器启动（TLS），登记两台手持机和一位审核人员 The server starts under TLS, two handhelds and a reviewer are enrolled"
"$programs/residence-syncd" certificate make --data "$work/server"
serve 0
echo "$address"
enrol 阿海 3309 coordinator
enrol 小岛 330921 coordinator
enrol 周审核 3309 reviewer

title "2  没有网络时导入台账 The ledger is imported while no server can be reached"
stop
on 阿海 import "$ledger" --refused "$work/refused.csv" | head -6
on 阿海 sync --attempts 1 || echo "（退出码 $? exit code：什么也没有丢 nothing is lost）"

title "3  有了信号：两台都同步 A signal: both sync"
serve "${address##*:}"
on 阿海 sync
on 小岛 sync

title "4  离线时两人修改同一个人 Offline, both correct the same person"
person=$("$programs/residence" --data "$work/小岛" list 人员 --area 330921 --limit 1 --json |
    sed -n "s/^ *\"id\" : \"\([^\"]*\)\".*/\1/p" | head -1)
on 阿海 edit "$person" 文化程度=本科 户籍地址=海滨村1组 姓名=王小明 >/dev/null
on 小岛 edit "$person" 联系电话+=13800000000 户籍地址=海滨村2组 姓名=王晓明 >/dev/null

title "5  再次同步 They sync again"
on 阿海 sync
on 小岛 sync
on 阿海 sync

title "6  合并后的记录与冲突 The merged record and its conflicts, as the server has them"
"$programs/residence-syncd" show "$person" --data "$work/server"

title "7  审核人员裁决 A reviewer settles what no rule decides"
"$programs/residence" --data "$work/周审核" sync >/dev/null 2>&1
number=$("$programs/residence" --data "$work/周审核" conflicts --json | sed -n 's/.*"id":\([0-9]*\),.*/\1/p' | head -1)
on 周审核 conflicts "$number"
on 周审核 resolve "$number" 姓名=王小明明 --reason 已看证件 >/dev/null
on 周审核 sync | head -1
on 小岛 sync | head -1

title "8  来龙去脉 How the record came to look as it does"
on 小岛 history "$person"
"$programs/residence-syncd" audit verify --data "$work/server" 2>/dev/null

title "9  服务器上 On the server"
"$programs/residence-syncd" status --data "$work/server" | head -4
"$programs/residence-syncd" device list --data "$work/server"

title "接下来试试 What to try next"
cat <<NEXT
  $programs/residence-syncd serve --data /tmp/demo                      # 启动服务 serve
  $programs/residence-syncd device add --data /tmp/demo --name 我 --area 3309   # 登记链接 a link
  $programs/residence --data /tmp/me enroll 'LINK'                      # 登记 enrol
  $programs/residence --data /tmp/me import $ledger                     # 导入 import
  $programs/residence --data /tmp/me sync                               # 同步 sync
NEXT
