# make.sh NAME TYPE: a pipeline that loads NAME.csv, whose version is of TYPE
cat >$1.yaml <<END
source: { path: $1.csv, columns: { id: int64, ver: "$2", text: string } }
sink: { type: sqlite, path: db.sqlite, table: $1, mode: upsert, key: [id], version: ver }
END
