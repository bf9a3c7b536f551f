# Runs one server for as long as standard input is open, then ends it.
#
# Arguments: name, tenths of a second between TERM and KILL, folder to remove at the end or "",
# and the server's command. The working directory is the data folder. Left there: NAME.log, the
# server's output; NAME.pid, as long as it runs; NAME.exit, its exit code, when it has ended. Standard output
# is held open until then and not used.
umask 077
name=$1 grace=$2 remove=$3
shift 3
exec 3<&0 </dev/null 2>>"$name.log"

# Of our environment the server sees only the path: both servers read variables of their own.
env -i PATH="$PATH" "$@" >>"$name.log" 2>&1 3<&- &
server=$!
echo "$server" >"$name.pid"

# Reading ends when the other end of the pipe is closed: on purpose, or because its owner died.
{
	read -r _ <&3
	[ -e "$name.exit" ] && exit 0
	kill -TERM "$server"
	while [ "$grace" -gt 0 ] && kill -0 "$server" 2>/dev/null; do
		sleep 0.1
		grace=$((grace - 1))
	done
	kill -KILL "$server" 2>/dev/null
} &
watcher=$!

trap 'kill -TERM "$server"' HUP INT TERM
wait "$server"
code=$?
# A signal to this shell ends a wait early.
while kill -0 "$server" 2>/dev/null; do
	wait "$server"
	code=$?
done
rm -f "$name.pid"
echo "$code" >"$name.exit"

# A server that ended by itself leaves its log until the pipe is closed.
wait "$watcher"
[ -z "$remove" ] || { cd / && rm -rf "$remove"; }
