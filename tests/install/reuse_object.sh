#!/bin/sh
# A compiler launcher: reuse_object.sh BUILD COMPILER ARGUMENT... takes the object that the build folder BUILD has under
# the same name, so that a test need not compile all of janus again, and calls the compiler where there is none.
# Objects are the same for static and shared libraries. A project that janus is part of has them below janus/.
build=$1
shift
object='' dependencies='' last=''
for word in "$@"; do
  case $last in
    -o) object=$word ;;
    -MF) dependencies=$word ;;
  esac
  last=$word
done
there=$build/${object#janus/}
if [ -n "$object" ] && [ -f "$there" ]; then
  cp "$there" "$object"
  [ -z "$dependencies" ] || echo "$object:" > "$dependencies"
  exit 0
fi
exec "$@"
